import type { OrderLine, ShipTo } from '@waybill/contracts';

export const orderStatuses = ['PLACED', 'CONFIRMED', 'SHIPPED', 'REJECTED', 'CANCELLING', 'CANCELLED'] as const;
export type OrderStatus = (typeof orderStatuses)[number];

export interface Order {
  readonly id: string;
  readonly customerId: string;
  readonly status: OrderStatus;
  /** 1 when placed; one more with each event that the order announces. */
  readonly version: number;
  readonly lines: readonly OrderLine[];
  readonly shipTo: ShipTo;
  /** Why it was rejected or cancelled, or is about to be. */
  readonly reason: string | null;
  readonly shipmentId: string | null;
  readonly trackingCode: string | null;
  readonly deadlineAt: Date;
  readonly createdAt: Date;
  readonly updatedAt: Date;
}

export interface NewOrder {
  readonly id: string;
  readonly customerId: string;
  readonly lines: readonly OrderLine[];
  readonly shipTo: ShipTo;
  readonly placedAt: Date;
  /** An order that is not shipped by then is cancelled. */
  readonly deadlineMs: number;
}

/** What others tell an order, and what it is asked to do. */
export const orderInputs = [
  'stock.reserved',
  'stock.rejected',
  'stock.released',
  'stock.shipped',
  'shipment.requested',
  'shipment.dispatched',
  'shipment.failed',
  'shipment.cancelled',
  'cancel',
  'deadline',
] as const;
export type OrderInput = (typeof orderInputs)[number];

/** What an order says of itself after it was placed. */
export type OrderAnnouncement =
  | 'order.confirmed'
  | 'order.rejected'
  | 'order.cancellation-requested'
  | 'order.cancelled'
  | 'order.shipped';

export type OrderStep =
  | { readonly kind: 'become'; readonly status: OrderStatus; readonly announce: OrderAnnouncement }
  /** Nothing to do, and that is right: it counts as done. */
  | { readonly kind: 'ignore' }
  /** Too late, or out of another history: it changes nothing and is kept as such. */
  | { readonly kind: 'stale' }
  /** A command that this state does not allow. */
  | { readonly kind: 'refuse' };

const become = (status: OrderStatus, announce: OrderAnnouncement): OrderStep => ({ kind: 'become', status, announce });
const ignore: OrderStep = { kind: 'ignore' };
const stale: OrderStep = { kind: 'stale' };
const refuse: OrderStep = { kind: 'refuse' };

const confirm = become('CONFIRMED', 'order.confirmed');
const reject = become('REJECTED', 'order.rejected');
const ship = become('SHIPPED', 'order.shipped');
const cancel = become('CANCELLED', 'order.cancelled');
/** Shipping may have handed the parcel over already: ask, and wait for the answer (a semantic lock). */
const ask = become('CANCELLING', 'order.cancellation-requested');

/**
 * The order's life, for every pair of what comes and what is. The types keep it total.
 *
 * PLACED knows nothing of a shipment, so an answer about one belongs to a history that this database does not have.
 * CANCELLED ignores a late answer about stock: inventory releases what it holds when it hears of the cancellation.
 */
const table: Readonly<Record<OrderInput, Readonly<Record<OrderStatus, OrderStep>>>> = {
  'stock.reserved': {
    PLACED: confirm,
    CONFIRMED: stale,
    SHIPPED: stale,
    REJECTED: stale,
    CANCELLING: stale,
    CANCELLED: ignore,
  },
  'stock.rejected': {
    PLACED: reject,
    CONFIRMED: stale,
    SHIPPED: stale,
    REJECTED: stale,
    CANCELLING: stale,
    CANCELLED: ignore,
  },
  'stock.released': always(ignore),
  'stock.shipped': always(ignore),
  'shipment.requested': always(ignore),
  'shipment.dispatched': {
    PLACED: stale,
    CONFIRMED: ship,
    SHIPPED: stale,
    REJECTED: stale,
    CANCELLING: ship,
    CANCELLED: stale,
  },
  'shipment.failed': {
    PLACED: stale,
    CONFIRMED: cancel,
    SHIPPED: stale,
    REJECTED: stale,
    CANCELLING: cancel,
    CANCELLED: stale,
  },
  'shipment.cancelled': {
    PLACED: stale,
    CONFIRMED: cancel,
    SHIPPED: stale,
    REJECTED: stale,
    CANCELLING: cancel,
    CANCELLED: stale,
  },
  cancel: {
    PLACED: cancel,
    CONFIRMED: ask,
    SHIPPED: refuse,
    REJECTED: refuse,
    CANCELLING: ignore,
    CANCELLED: ignore,
  },
  deadline: {
    PLACED: cancel,
    CONFIRMED: ask,
    SHIPPED: ignore,
    REJECTED: ignore,
    CANCELLING: ignore,
    CANCELLED: ignore,
  },
};

function always(step: OrderStep): Readonly<Record<OrderStatus, OrderStep>> {
  return { PLACED: step, CONFIRMED: step, SHIPPED: step, REJECTED: step, CANCELLING: step, CANCELLED: step };
}

/** What an order in this state does about it. */
export function decide(status: OrderStatus, input: OrderInput): OrderStep {
  return table[input][status];
}

/** A new order. Whether there is stock for it is not known yet, and not the order's to know. */
export function place(order: NewOrder): Order {
  return {
    id: order.id,
    customerId: order.customerId,
    status: 'PLACED',
    version: 1,
    lines: order.lines,
    shipTo: order.shipTo,
    reason: null,
    shipmentId: null,
    trackingCode: null,
    deadlineAt: new Date(order.placedAt.getTime() + order.deadlineMs),
    createdAt: order.placedAt,
    updatedAt: order.placedAt,
  };
}

/** What a step brings along besides the new state. */
export interface OrderFacts {
  readonly reason?: string;
  readonly shipmentId?: string;
  readonly trackingCode?: string;
}

/**
 * The order after the step: one version further. The reason given first stays, because a later one only carries it out;
 * an order that was shipped after all has none.
 */
export function advance(
  order: Order,
  step: Extract<OrderStep, { kind: 'become' }>,
  facts: OrderFacts,
  at: Date,
): Order {
  return {
    ...order,
    status: step.status,
    version: order.version + 1,
    reason: step.status === 'SHIPPED' ? null : (order.reason ?? facts.reason ?? null),
    shipmentId: facts.shipmentId ?? order.shipmentId,
    trackingCode: facts.trackingCode ?? order.trackingCode,
    updatedAt: at,
  };
}
