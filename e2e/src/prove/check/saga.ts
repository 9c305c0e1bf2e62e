import { handledTypes, publishers, type Service, services, versionOf } from '@waybill/contracts';
import type { ChangeRow } from '../record.js';

/*
 * What the checker knows of the saga (docs/patterns/saga.md), written down once more on purpose: a checker that took its
 * rules from the services would find right whatever they do.
 */

export type Table = Exclude<ChangeRow['table'], 'stock'>;

/** The table whose changes a service owes events for. */
export const tableOf: Readonly<Record<Service, Table>> = {
  orders: 'orders',
  inventory: 'reservations',
  shipping: 'shipments',
};

/** What a change to this status announces; an event's name without its version. */
const announcements: Readonly<Record<Table, Readonly<Record<string, string>>>> = {
  orders: {
    PLACED: 'waybill.order.placed',
    CONFIRMED: 'waybill.order.confirmed',
    SHIPPED: 'waybill.order.shipped',
    REJECTED: 'waybill.order.rejected',
    CANCELLING: 'waybill.order.cancellation-requested',
    CANCELLED: 'waybill.order.cancelled',
  },
  reservations: {
    RESERVED: 'waybill.stock.reserved',
    REJECTED: 'waybill.stock.rejected',
    RELEASED: 'waybill.stock.released',
    SHIPPED: 'waybill.stock.shipped',
  },
  shipments: {
    REQUESTED: 'waybill.shipment.requested',
    DISPATCHED: 'waybill.shipment.dispatched',
    FAILED: 'waybill.shipment.failed',
    CANCELLED: 'waybill.shipment.cancelled',
  },
};

/**
 * The event that this change owes; undefined where it owes none: the tombstone of a reservation (version 0), and a
 * shipment from which the order was called back (CANCELLING, of the same version) before the carrier has answered.
 */
export function announcedBy({ table, status, version }: ChangeRow): string | undefined {
  if (table === 'stock' || status === null || version === 0) {
    return undefined;
  }
  return announcements[table][status];
}

/** Where a life may begin, and where it may go from each status. */
const steps: Readonly<Record<Table, Readonly<Record<string, readonly string[]>>>> = {
  orders: {
    '': ['PLACED'],
    PLACED: ['CONFIRMED', 'REJECTED', 'CANCELLED'],
    CONFIRMED: ['SHIPPED', 'CANCELLING', 'CANCELLED'],
    CANCELLING: ['SHIPPED', 'CANCELLED'],
  },
  reservations: {
    '': ['RESERVED', 'REJECTED', 'RELEASED'],
    RESERVED: ['RELEASED', 'SHIPPED'],
  },
  shipments: {
    '': ['REQUESTED', 'CANCELLED'],
    REQUESTED: ['DISPATCHED', 'FAILED', 'CANCELLING'],
    CANCELLING: ['DISPATCHED', 'CANCELLED'],
  },
};

/** `from` is empty for the beginning. */
export function isStep(table: Table, from: string, to: string): boolean {
  return steps[table][from]?.includes(to) === true;
}

/** In which no aggregate can be left by the effect of an event of this name; NONE: there is none. */
const leftBehind: Readonly<Record<string, Partial<Record<Service, readonly string[]>>>> = {
  'waybill.order.placed': { inventory: ['NONE'] },
  'waybill.order.cancelled': { inventory: ['NONE', 'RESERVED'] },
  'waybill.order.confirmed': { shipping: ['NONE'] },
  'waybill.order.cancellation-requested': { shipping: ['NONE', 'REQUESTED'] },
  'waybill.stock.reserved': { orders: ['PLACED'] },
  'waybill.stock.rejected': { orders: ['PLACED'] },
  'waybill.shipment.dispatched': { orders: ['CONFIRMED', 'CANCELLING'], inventory: ['RESERVED'] },
  'waybill.shipment.failed': { orders: ['CONFIRMED', 'CANCELLING'] },
  'waybill.shipment.cancelled': { orders: ['CONFIRMED', 'CANCELLING'] },
};

/** Whether a subscriber whose aggregate is still in this status cannot have had the effect of such an event. */
export function lacksEffect(name: string, subscriber: Service, status: string): boolean {
  return leftBehind[name]?.[subscriber]?.includes(status) === true;
}

export const finalStatuses: readonly string[] = ['SHIPPED', 'REJECTED', 'CANCELLED'];

/** Order, reservation and shipment of an order that has come to its end. */
export const ends: ReadonlySet<string> = new Set([
  'SHIPPED SHIPPED DISPATCHED',
  'REJECTED REJECTED NONE',
  'CANCELLED REJECTED NONE',
  'CANCELLED RELEASED NONE',
  'CANCELLED RELEASED FAILED',
  'CANCELLED RELEASED CANCELLED',
]);

const names = new Map<string, string>();

/** `waybill.order.placed` of `waybill.order.placed.v1`; what has no version is its own name. */
export function nameOf(type: string): string {
  let name = names.get(type);
  if (name === undefined) {
    name = versionOf(type)?.name ?? type;
    names.set(type, name);
  }
  return name;
}

const handledNames: Readonly<Record<Service, ReadonlySet<string>>> = {
  orders: new Set(handledTypes.orders.map(nameOf)),
  inventory: new Set(handledTypes.inventory.map(nameOf)),
  shipping: new Set(handledTypes.shipping.map(nameOf)),
};

const subscribers = new Map<string, readonly Service[]>();

/** Who owes this event an effect; nobody for most of what is only told. Of any version: older ones are upcast, newer ones parked. */
export function subscribersOf(type: string): readonly Service[] {
  let found = subscribers.get(type);
  if (found === undefined) {
    found = services.filter((service) => handledNames[service].has(nameOf(type)));
    subscribers.set(type, found);
  }
  return found;
}

const publisherOf = new Map(services.flatMap((service) => [
  [publishers[service].source, service] as const,
  [publishers[service].topic, service] as const,
]));

/** Whose events come from this source, or stand in this topic. */
export function publisherAt(sourceOrTopic: string | null): Service | undefined {
  return sourceOrTopic === null ? undefined : publisherOf.get(sourceOrTopic);
}
