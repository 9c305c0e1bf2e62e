import type { z } from 'zod';
import { inventoryEvents } from './inventory.js';
import { orderEvents } from './orders.js';
import { shippingEvents } from './shipping.js';

/** Every event of the platform: its type on the wire, and the schema of its data. */
export const eventSchemas = { ...orderEvents, ...inventoryEvents, ...shippingEvents } as const;

export type EventType = keyof typeof eventSchemas;
export type EventData<T extends EventType> = z.infer<(typeof eventSchemas)[T]>;

/** W3C trace context of whoever wrote the event, as it travels: three headers, three columns. */
export interface Trace {
  readonly traceparent?: string;
  readonly tracestate?: string;
  readonly baggage?: string;
}

/** What a use case announces. Id, time and trace context are added when it is appended to the outbox. */
export interface NewEvent<T extends EventType = EventType> {
  readonly type: T;
  readonly aggregateId: string;
  /** The aggregate's version after the change that this event tells of; one event a version. */
  readonly version: number;
  /** The partition key: everything about one order stays in one partition, in order. */
  readonly orderId: string;
  readonly data: EventData<T>;
  readonly correlationId: string;
  /** The id of the event that caused this one; absent when a person did. */
  readonly causationId?: string;
}

/** The CloudEvents envelope of a consumed record, before its data is looked at. */
export interface Envelope {
  readonly id: string;
  readonly source: string;
  readonly type: string;
  /** The aggregate's id. */
  readonly subject: string;
  readonly time: string;
  /** The aggregate's version (`ce_sequence`). */
  readonly version: number;
  readonly partitionKey: string;
  readonly correlationId: string;
  readonly causationId?: string;
  readonly trace: Trace;
}

/** Where a record stands in Kafka. `offset` is a decimal string: it may exceed 2^53. */
export interface Position {
  readonly topic: string;
  readonly partition: number;
  readonly offset: string;
}

/** An event as a consumer gets it: envelope, position and checked data. */
export interface ReceivedEvent<T extends EventType = EventType> extends Envelope, Position {
  readonly type: T;
  readonly data: EventData<T>;
}

export function isEventType(type: string): type is EventType {
  return Object.hasOwn(eventSchemas, type);
}
