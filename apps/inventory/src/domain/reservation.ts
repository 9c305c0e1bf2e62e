import type { OrderLine } from '@waybill/contracts';

export const reservationStatuses = ['RESERVED', 'REJECTED', 'RELEASED', 'SHIPPED'] as const;
export type ReservationStatus = (typeof reservationStatuses)[number];

/** What inventory holds for one order; its id is the order's. */
export interface Reservation {
  readonly orderId: string;
  readonly status: ReservationStatus;
  /** One more with each event that it announces; 0 for a tombstone, which announces nothing. */
  readonly version: number;
  readonly lines: readonly OrderLine[];
}

/** NONE: there is no reservation (yet). */
export const reservationStates = ['NONE', ...reservationStatuses] as const;
export type ReservationState = (typeof reservationStates)[number];

export const reservationInputs = ['order.placed', 'order.cancelled', 'shipment.dispatched'] as const;
export type ReservationInput = (typeof reservationInputs)[number];

export type ReservationStep =
  /** All lines or none: RESERVED and stock.reserved, or REJECTED and stock.rejected. The stock decides. */
  | { readonly kind: 'reserve' }
  /** RELEASED, stock.released: what was held is free again. */
  | { readonly kind: 'release' }
  /** RELEASED, with nothing to tell: an order.placed that comes later finds it and reserves nothing. */
  | { readonly kind: 'tombstone' }
  /** SHIPPED, stock.shipped: what was held has left the house. */
  | { readonly kind: 'ship' }
  /** Nothing to do, and that is right: it counts as done. */
  | { readonly kind: 'ignore' }
  /** Too late, or out of another history: it changes nothing and is kept as such. */
  | { readonly kind: 'stale' };

const reserve: ReservationStep = { kind: 'reserve' };
const release: ReservationStep = { kind: 'release' };
const tombstone: ReservationStep = { kind: 'tombstone' };
const ship: ReservationStep = { kind: 'ship' };
const ignore: ReservationStep = { kind: 'ignore' };
const stale: ReservationStep = { kind: 'stale' };

/**
 * The reservation's life, for every pair of what comes and what is. The types keep it total.
 *
 * An order may be cancelled before it hears that it was REJECTED, so that pair is no surprise. A parcel that was
 * dispatched without its stock being reserved belongs to a history that this database does not have.
 */
const table: Readonly<Record<ReservationInput, Readonly<Record<ReservationState, ReservationStep>>>> = {
  'order.placed': { NONE: reserve, RESERVED: stale, REJECTED: stale, RELEASED: stale, SHIPPED: stale },
  'order.cancelled': { NONE: tombstone, RESERVED: release, REJECTED: ignore, RELEASED: stale, SHIPPED: stale },
  'shipment.dispatched': { NONE: stale, RESERVED: ship, REJECTED: stale, RELEASED: stale, SHIPPED: stale },
};

export function decide(state: ReservationState, input: ReservationInput): ReservationStep {
  return table[input][state];
}
