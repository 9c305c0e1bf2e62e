import { describe, expect, it } from 'vitest';
import { mergedByOrder } from './merged-by-order.js';
import type { OrderRow, ReservationRow, ShipmentRow } from './saga-mismatch.js';

async function* rows<Row>(ids: string): AsyncGenerator<Row> {
  for (const orderId of ids) {
    yield { orderId } as Row;
  }
}

async function merged(orders: string, reservations: string, shipments: string): Promise<string[]> {
  const views = mergedByOrder({
    orders: rows<OrderRow>(orders),
    reservations: rows<ReservationRow>(reservations),
    shipments: rows<ShipmentRow>(shipments),
  });
  const seen: string[] = [];
  for await (const { orderId, order, reservation, shipment } of views) {
    seen.push([order, reservation, shipment].map((row) => (row === undefined ? '-' : row.orderId)).join('') + orderId);
  }
  return seen;
}

describe('three streams of rows', () => {
  it('meet at each order', async () => {
    expect(await merged('abd', 'bcd', 'ad')).toEqual(['a-aa', 'bb-b', '-c-c', 'dddd']);
  });

  it('may be empty, each of them', async () => {
    expect(await merged('', '', '')).toEqual([]);
    expect(await merged('', '', 'ab')).toEqual(['--aa', '--bb']);
    expect(await merged('ab', '', '')).toEqual(['a--a', 'b--b']);
  });
});
