import type { EventType } from './events.js';
import { inventoryEvents } from './inventory.js';
import { orderEvents } from './orders.js';
import { shippingEvents } from './shipping.js';
import { isEmitted } from './versions.js';

export const services = ['orders', 'inventory', 'shipping'] as const;
export type Service = (typeof services)[number];

export interface Publisher {
  /** `ce_source`: a constant of the service; with `ce_id` it identifies an event. */
  readonly source: string;
  readonly topic: string;
  readonly aggregateType: string;
  /** What it writes now: of an event with several versions only the emitted one. */
  readonly types: readonly EventType[];
}

/** Who publishes what, where: one topic and one aggregate type a service. */
export const publishers: Readonly<Record<Service, Publisher>> = {
  orders: {
    source: '/waybill/orders',
    topic: 'waybill.orders',
    aggregateType: 'order',
    types: emittedOf(orderEvents),
  },
  inventory: {
    source: '/waybill/inventory',
    topic: 'waybill.inventory',
    aggregateType: 'reservation',
    types: emittedOf(inventoryEvents),
  },
  shipping: {
    source: '/waybill/shipping',
    topic: 'waybill.shipping',
    aggregateType: 'shipment',
    types: emittedOf(shippingEvents),
  },
};

function emittedOf(events: Readonly<Record<string, unknown>>): EventType[] {
  return (Object.keys(events) as EventType[]).filter(isEmitted);
}

/** Who reads whose topic. */
export const consumers: Readonly<Record<Service, readonly Service[]>> = {
  orders: ['inventory', 'shipping'],
  inventory: ['orders', 'shipping'],
  shipping: ['orders'],
};

/** What each service does something about, in the newest version that it reads; what is not here it passes over. */
export const handledTypes: Readonly<Record<Service, readonly EventType[]>> = {
  orders: [
    'waybill.stock.reserved.v1',
    'waybill.stock.rejected.v1',
    'waybill.shipment.dispatched.v2',
    'waybill.shipment.failed.v1',
    'waybill.shipment.cancelled.v1',
  ],
  inventory: ['waybill.order.placed.v1', 'waybill.order.cancelled.v1', 'waybill.shipment.dispatched.v2'],
  shipping: ['waybill.order.confirmed.v1', 'waybill.order.cancellation-requested.v1'],
};

export interface DeclaredTopic {
  readonly topic: string;
  readonly partitions: number;
  readonly config: Readonly<Record<string, string>>;
}

const DAY_MS = 24 * 60 * 60 * 1_000;

/** The number of partitions is part of the contract: it decides which partition a key goes to. */
const EVENT_PARTITIONS = 6;

export function deadLetterTopic(topic: string, consumer: Service): string {
  return `${topic}.${consumer}.dlt`;
}

/** Every topic of the platform. The one place where topics are declared; brokers must not create any by themselves. */
export function declaredTopics(): DeclaredTopic[] {
  // The broker's time orders retention, so that a producer with a wrong clock cannot have its events deleted early.
  const config = { 'message.timestamp.type': 'LogAppendTime', 'cleanup.policy': 'delete' };
  const events = services.map((service) => ({
    topic: publishers[service].topic,
    partitions: EVENT_PARTITIONS,
    config: { ...config, 'retention.ms': String(7 * DAY_MS), 'segment.ms': String(DAY_MS) },
  }));
  const deadLetters = services.flatMap((consumer) =>
    consumers[consumer].map((publisher) => ({
      topic: deadLetterTopic(publishers[publisher].topic, consumer),
      partitions: 1,
      config: { ...config, 'retention.ms': String(14 * DAY_MS), 'segment.ms': String(DAY_MS) },
    })),
  );
  return [...events, ...deadLetters];
}

const partitionCounts = new Map(declaredTopics().map(({ topic, partitions }) => [topic, partitions]));

/** The declared number of partitions; a topic that is not declared here counts as one partition. */
export function partitionsOf(topic: string): number {
  return partitionCounts.get(topic) ?? 1;
}
