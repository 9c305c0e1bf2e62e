import { describe, expect, it } from 'vitest';
import { mismatchOf, momentOf, type OrderRow, type ReservationRow, type SagaView, type ShipmentRow } from './saga-mismatch.js';

const orderId = '019ac000-0000-7000-8000-000000000001';
const shipmentId = '019ac000-0000-7000-8000-0000000000aa';

/** `ORDER RESERVATION SHIPMENT`; NONE is not there. */
function view(states: string, change: Partial<OrderRow> = {}): SagaView {
  const [order, reservation, shipment] = states.split(' ') as [string, string, string];
  const parcel = { trackingCode: shipment === 'DISPATCHED' ? 'T1' : null };
  const told = order === 'SHIPPED' ? { shipmentId, trackingCode: 'T1' } : { shipmentId: null, trackingCode: null };
  return {
    orderId,
    order:
      order === 'NONE'
        ? undefined
        : { orderId, status: order as OrderRow['status'], version: 3, ageMs: 0, ...told, ...change },
    reservation:
      reservation === 'NONE' ? undefined : { orderId, status: reservation as ReservationRow['status'], version: 2 },
    shipment:
      shipment === 'NONE'
        ? undefined
        : { orderId, id: shipmentId, status: shipment as ShipmentRow['status'], version: 2, ...parcel },
  };
}

const orders = ['PLACED', 'CONFIRMED', 'SHIPPED', 'REJECTED', 'CANCELLING', 'CANCELLED'];
const reservations = ['NONE', 'RESERVED', 'REJECTED', 'RELEASED', 'SHIPPED'];
const shipments = ['NONE', 'REQUESTED', 'CANCELLING', 'DISPATCHED', 'FAILED', 'CANCELLED'];

describe('order, reservation and shipment', () => {
  it('fit together at the ends, and while shipping is at work; everywhere else something is owed', () => {
    const all = orders.flatMap((o) => reservations.flatMap((r) => shipments.map((s) => `${o} ${r} ${s}`)));
    expect(all.filter((states) => mismatchOf(view(states)) === undefined)).toEqual([
      'CONFIRMED RESERVED REQUESTED',
      'SHIPPED SHIPPED DISPATCHED',
      'REJECTED REJECTED NONE',
      'CANCELLING RESERVED CANCELLING',
      'CANCELLED REJECTED NONE',
      'CANCELLED RELEASED NONE',
      'CANCELLED RELEASED FAILED',
      'CANCELLED RELEASED CANCELLED',
    ]);
  });

  it.each([
    ['SHIPPED RESERVED DISPATCHED', 'reservation-held'],
    ['CANCELLED RESERVED NONE', 'reservation-held'],
    ['REJECTED RESERVED NONE', 'reservation-held'],
    ['SHIPPED RELEASED DISPATCHED', 'shipped-without-stock'],
    ['SHIPPED NONE DISPATCHED', 'shipped-without-stock'],
    ['CANCELLED SHIPPED DISPATCHED', 'stock-left-without-order'],
    ['SHIPPED SHIPPED NONE', 'shipped-without-shipment'],
    ['SHIPPED SHIPPED CANCELLED', 'shipped-without-shipment'],
    ['CANCELLED RELEASED DISPATCHED', 'dispatched-after-all'],
    ['CANCELLED RELEASED REQUESTED', 'shipment-open'],
    ['REJECTED REJECTED CANCELLING', 'shipment-open'],
    ['PLACED RESERVED NONE', 'event-missing'],
    ['CANCELLING RESERVED DISPATCHED', 'event-missing'],
    ['CANCELLED NONE NONE', 'event-missing'],
    ['PLACED RELEASED NONE', 'contradiction'],
    ['CONFIRMED RESERVED CANCELLED', 'contradiction'],
    ['NONE RESERVED NONE', 'reservation-without-order'],
    ['NONE RESERVED DISPATCHED', 'reservation-without-order'],
    ['NONE NONE DISPATCHED', 'shipment-without-order'],
  ])('that are %s: %s', (states, kind) => {
    const mismatch = mismatchOf(view(states));
    expect(mismatch).toMatchObject({ kind, orderId });
    expect(mismatch?.detail).not.toContain('undefined');
  });

  it('say who has not heard of what', () => {
    expect(mismatchOf(view('PLACED RESERVED NONE'))?.detail).toContain('orders has not had stock.reserved');
  });

  it('do not fit when the order names another parcel than shipping', () => {
    const other = view('SHIPPED SHIPPED DISPATCHED', { trackingCode: 'T2' });
    expect(mismatchOf(other)).toMatchObject({ kind: 'shipped-twice', detail: expect.stringContaining('T2') as string });
    expect(mismatchOf(view('SHIPPED SHIPPED DISPATCHED', { shipmentId: orderId }))?.kind).toBe('shipped-twice');
  });

  it('are at another moment when a version has moved', () => {
    const before = view('CONFIRMED RESERVED NONE');
    expect(momentOf(before)).toBe(momentOf(view('CONFIRMED RESERVED NONE')));
    expect(momentOf(before)).not.toBe(momentOf(view('CONFIRMED RESERVED NONE', { version: 4 })));
    expect(momentOf(before)).not.toBe(momentOf(view('CONFIRMED RESERVED REQUESTED')));
  });
});
