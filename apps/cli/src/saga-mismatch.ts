/** One order as the three databases have it; what is absent is not there. */
export interface SagaView {
  readonly orderId: string;
  readonly order?: OrderRow | undefined;
  readonly reservation?: ReservationRow | undefined;
  readonly shipment?: ShipmentRow | undefined;
}

export interface OrderRow {
  readonly orderId: string;
  readonly status: 'PLACED' | 'CONFIRMED' | 'SHIPPED' | 'REJECTED' | 'CANCELLING' | 'CANCELLED';
  readonly version: number;
  readonly shipmentId: string | null;
  readonly trackingCode: string | null;
  readonly ageMs: number;
}

export interface ReservationRow {
  readonly orderId: string;
  readonly status: 'RESERVED' | 'REJECTED' | 'RELEASED' | 'SHIPPED';
  readonly version: number;
}

export interface ShipmentRow {
  readonly orderId: string;
  readonly id: string;
  readonly status: 'REQUESTED' | 'CANCELLING' | 'DISPATCHED' | 'FAILED' | 'CANCELLED';
  readonly version: number;
  readonly trackingCode: string | null;
}

export const mismatchKinds = [
  'reservation-held',
  'shipped-without-stock',
  'stock-left-without-order',
  'shipped-without-shipment',
  'dispatched-after-all',
  'shipped-twice',
  'shipment-open',
  'event-missing',
  'reservation-without-order',
  'shipment-without-order',
  'contradiction',
  'reserved-sum',
  'waiting',
  'dead-event',
  'held-event',
] as const;
export type MismatchKind = (typeof mismatchKinds)[number];

export interface Mismatch {
  readonly kind: MismatchKind;
  /** Null where it is about a SKU. */
  readonly orderId: string | null;
  readonly detail: string;
}

/**
 * Order, reservation and shipment as they are when nobody owes anything: the ends, and the two states in which shipping
 * is at work on its own. In any other one an event is on its way, or is missing.
 */
const restful = new Set([
  'SHIPPED SHIPPED DISPATCHED',
  'REJECTED REJECTED NONE',
  'CANCELLED REJECTED NONE',
  'CANCELLED RELEASED NONE',
  'CANCELLED RELEASED FAILED',
  'CANCELLED RELEASED CANCELLED',
  'CONFIRMED RESERVED REQUESTED',
  'CANCELLING RESERVED CANCELLING',
]);

const FINAL: readonly string[] = ['SHIPPED', 'REJECTED', 'CANCELLED'];

/** What does not fit together, or undefined. It may be under way: whether it is, the rows alone cannot tell. */
export function mismatchOf(view: SagaView): Mismatch | undefined {
  const { orderId, order, reservation, shipment } = view;
  if (order === undefined) {
    const [kind, status] =
      reservation === undefined
        ? (['shipment-without-order', shipment?.status] as const)
        : (['reservation-without-order', reservation.status] as const);
    return { kind, orderId, detail: `${String(status)}, and orders knows no such order` };
  }
  const states = statesOf(view);
  const mismatch = (kind: MismatchKind, detail: string): Mismatch => ({ kind, orderId, detail });
  if (restful.has(states)) {
    return otherParcel(order, shipment);
  }
  const [o, r, s] = [order.status, reservation?.status ?? 'NONE', shipment?.status ?? 'NONE'];
  if (FINAL.includes(o) && r === 'RESERVED') {
    return mismatch('reservation-held', `the order is ${o}, its stock is still reserved`);
  }
  if (o === 'SHIPPED' && r !== 'SHIPPED') {
    return mismatch('shipped-without-stock', `the order is SHIPPED, its reservation ${r}`);
  }
  if (FINAL.includes(o) && o !== 'SHIPPED' && r === 'SHIPPED') {
    return mismatch('stock-left-without-order', `the stock has left, and the order is ${o}`);
  }
  if (o === 'SHIPPED' && s !== 'DISPATCHED') {
    return mismatch('shipped-without-shipment', `the order is SHIPPED, its shipment ${s}`);
  }
  if (FINAL.includes(o) && s === 'DISPATCHED') {
    return mismatch('dispatched-after-all', `the parcel has left, and the order is ${o}`);
  }
  if (FINAL.includes(o) && (s === 'REQUESTED' || s === 'CANCELLING')) {
    return mismatch('shipment-open', `the order is ${o}, its shipment ${s}`);
  }
  const missing = missingEvents[states];
  return missing === undefined
    ? mismatch('contradiction', `order ${o}, reservation ${r}, shipment ${s}`)
    : mismatch('event-missing', `${missing}: order ${o}, reservation ${r}, shipment ${s}`);
}

/** Order, reservation and shipment, in a word each. */
export function statesOf({ order, reservation, shipment }: SagaView): string {
  return [order, reservation, shipment].map((row) => row?.status ?? 'NONE').join(' ');
}

/** Equal for two views between which nothing has moved. */
export function momentOf({ order, reservation, shipment }: SagaView): string {
  return [order, reservation, shipment].map((row) => (row === undefined ? '-' : `${row.status}/${row.version}`)).join(' ');
}

function otherParcel(order: OrderRow, shipment: ShipmentRow | undefined): Mismatch | undefined {
  if (order.status !== 'SHIPPED' || shipment === undefined) {
    return undefined;
  }
  if (order.shipmentId === shipment.id && order.trackingCode === shipment.trackingCode) {
    return undefined;
  }
  const [told, real] = [`${order.shipmentId} (${order.trackingCode})`, `${shipment.id} (${shipment.trackingCode})`];
  return { kind: 'shipped-twice', orderId: order.orderId, detail: `the order names shipment ${told}, shipping has ${real}` };
}

/** What somebody has not heard of, by the three states. */
const missingEvents: Readonly<Record<string, string>> = {
  'PLACED NONE NONE': 'inventory has not had order.placed',
  'PLACED RESERVED NONE': 'orders has not had stock.reserved',
  'PLACED REJECTED NONE': 'orders has not had stock.rejected',
  'CONFIRMED RESERVED NONE': 'shipping has not had order.confirmed',
  'CONFIRMED RESERVED FAILED': 'orders has not had shipment.failed',
  'CONFIRMED RESERVED DISPATCHED': 'orders and inventory have not had shipment.dispatched',
  'CONFIRMED SHIPPED DISPATCHED': 'orders has not had shipment.dispatched',
  'CANCELLING RESERVED NONE': 'shipping has not had order.cancellation-requested',
  'CANCELLING RESERVED REQUESTED': 'shipping has not had order.cancellation-requested',
  'CANCELLING RESERVED FAILED': 'orders has not had shipment.failed',
  'CANCELLING RESERVED CANCELLED': 'orders has not had shipment.cancelled',
  'CANCELLING RESERVED DISPATCHED': 'orders and inventory have not had shipment.dispatched',
  'CANCELLING SHIPPED DISPATCHED': 'orders has not had shipment.dispatched',
  'CANCELLED NONE NONE': 'inventory has not had order.cancelled',
};
