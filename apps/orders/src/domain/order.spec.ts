import { describe, expect, it } from 'vitest';
import { advance, decide, type Order, type OrderInput, orderInputs, type OrderStatus, orderStatuses, place } from './order.js';

// The whole table, written a second time by hand: `>X event` becomes X and announces the event.
const spelledOut = `
input               | PLACED                      | CONFIRMED                                  | SHIPPED | REJECTED | CANCELLING                  | CANCELLED
stock.reserved      | >CONFIRMED order.confirmed  | stale                                      | stale   | stale    | stale                       | ignore
stock.rejected      | >REJECTED order.rejected    | stale                                      | stale   | stale    | stale                       | ignore
stock.released      | ignore                      | ignore                                     | ignore  | ignore   | ignore                      | ignore
stock.shipped       | ignore                      | ignore                                     | ignore  | ignore   | ignore                      | ignore
shipment.requested  | ignore                      | ignore                                     | ignore  | ignore   | ignore                      | ignore
shipment.dispatched | stale                       | >SHIPPED order.shipped                     | stale   | stale    | >SHIPPED order.shipped      | stale
shipment.failed     | stale                       | >CANCELLED order.cancelled                 | stale   | stale    | >CANCELLED order.cancelled  | stale
shipment.cancelled  | stale                       | >CANCELLED order.cancelled                 | stale   | stale    | >CANCELLED order.cancelled  | stale
cancel              | >CANCELLED order.cancelled  | >CANCELLING order.cancellation-requested   | refuse  | refuse   | ignore                      | ignore
deadline            | >CANCELLED order.cancelled  | >CANCELLING order.cancellation-requested   | ignore  | ignore   | ignore                      | ignore
`;

const [header = [], ...rows] = spelledOut
  .trim()
  .split('\n')
  .map((line) => line.split('|').map((cell) => cell.trim()));
const pairs = rows.flatMap(([input, ...cells]) =>
  cells.map((cell, index) => [input as OrderInput, header[index + 1] as OrderStatus, cell] as const),
);

const placed = place({
  id: '019ac000-0000-7000-8000-000000000001',
  customerId: '019ac000-0000-7000-8000-0000000000c1',
  lines: [{ sku: 'BOOK-1', quantity: 2 }],
  shipTo: { name: 'Ada', street: 'Main Street 1', city: 'Berlin', postcode: '10115', country: 'DE' },
  placedAt: new Date('2026-11-24T10:00:00.000Z'),
  deadlineMs: 3_600_000,
});

describe('the state table of an order', () => {
  it('is spelled out here for every state and every input', () => {
    expect(header.slice(1)).toEqual([...orderStatuses]);
    expect(rows.map(([input]) => input)).toEqual([...orderInputs]);
    expect(pairs).toHaveLength(orderInputs.length * orderStatuses.length);
  });

  it.each(pairs)('%s in %s: %s', (input, status, cell) => {
    const step = decide(status, input);
    const text = step.kind === 'become' ? `>${step.status} ${step.announce}` : step.kind;
    expect(text).toBe(cell);
  });

  it('leaves a final state never again', () => {
    for (const status of ['SHIPPED', 'REJECTED', 'CANCELLED'] as const) {
      expect(orderInputs.map((input) => decide(status, input).kind)).not.toContain('become');
    }
  });
});

describe('an order', () => {
  it('starts as PLACED with version 1, and its deadline counts from then', () => {
    expect(placed).toMatchObject({ status: 'PLACED', version: 1, reason: null, shipmentId: null });
    expect(placed.deadlineAt.toISOString()).toBe('2026-11-24T11:00:00.000Z');
  });

  it('is one version further with each step, and keeps what it knew', () => {
    const at = new Date('2026-11-24T10:00:01.000Z');
    const confirmed = step(placed, 'stock.reserved', {}, at);
    expect(confirmed).toEqual({ ...placed, status: 'CONFIRMED', version: 2, updatedAt: at });
    const shipped = step(confirmed, 'shipment.dispatched', { shipmentId: 's', trackingCode: 't' }, at);
    expect(shipped).toEqual({ ...confirmed, status: 'SHIPPED', version: 3, shipmentId: 's', trackingCode: 't' });
  });

  it('keeps the reason of who asked first when the cancellation is carried out', () => {
    const at = new Date('2026-11-24T10:00:01.000Z');
    const confirmed = step(placed, 'stock.reserved', {}, at);
    const cancelling = step(confirmed, 'cancel', { reason: 'cancelled by the customer' }, at);
    const cancelled = step(cancelling, 'shipment.cancelled', { reason: 'the label was deleted' }, at);
    expect(cancelled).toMatchObject({ status: 'CANCELLED', version: 4, reason: 'cancelled by the customer' });
  });

  it('has no reason to be cancelled once it was shipped after all', () => {
    const at = new Date('2026-11-24T10:00:01.000Z');
    const confirmed = step(placed, 'stock.reserved', {}, at);
    const cancelling = step(confirmed, 'cancel', { reason: 'cancelled by the customer' }, at);
    expect(step(cancelling, 'shipment.dispatched', {}, at)).toMatchObject({ status: 'SHIPPED', reason: null });
  });
});

function step(order: Order, input: OrderInput, facts: Parameters<typeof advance>[2], at: Date): Order {
  const next = decide(order.status, input);
  if (next.kind !== 'become') {
    throw new Error(`${input} in ${order.status} should be a step, got ${next.kind}`);
  }
  return advance(order, next, facts, at);
}
