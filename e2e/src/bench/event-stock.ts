import { randomUUID } from 'node:crypto';
import { partitionOf, publishers, toHeaders } from '@waybill/contracts';
import { shardOf } from '@waybill/outbox';

/** What all parts send: the event of an order that was placed, of exactly this many bytes of JSON. */
export const PAYLOAD_BYTES = 512;
export const AGGREGATES = 1_000;
export const { source: SOURCE, topic: TOPIC, aggregateType: AGGREGATE_TYPE } = publishers.orders;
export const EVENT_TYPE = 'waybill.order.placed.v1';
export const TRACEPARENT = '00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-00';

export interface Aggregate {
  readonly id: string;
  readonly shard: number;
  readonly partition: number;
}

/** The same thousand orders in every process: their ids decide shards and partitions, and these must not differ. */
export const aggregates: readonly Aggregate[] = Array.from({ length: AGGREGATES }, (_, index) => {
  const id = `01937fd1-7f5a-7c3e-8a55-${index.toString(16).padStart(12, '0')}`;
  return { id, shard: shardOf(AGGREGATE_TYPE, id), partition: partitionOf(TOPIC, id) };
});

export function aggregate(index: number): Aggregate {
  const found = aggregates[index % AGGREGATES];
  if (found === undefined) {
    throw new RangeError(`expected a whole number from 0, got ${index}`);
  }
  return found;
}

const ID_LENGTH = 36;
const ID_MARK = '@'.repeat(ID_LENGTH);

/** JSON that the schema of order.placed accepts, with a mark where the order's id belongs. */
export const payloadTemplate = padded((street) =>
  JSON.stringify({
    orderId: ID_MARK,
    customerId: '01937fd1-7f5a-7c3e-8a55-0f1b1c2d3e4f',
    lines: ['BENCH-BOOK-1', 'BENCH-BOOK-2', 'BENCH-LAMP-3', 'BENCH-PEN-4'].map((sku) => ({ sku, quantity: 2 })),
    shipTo: { name: 'Ada Lovelace', street, city: 'Berlin', postcode: '10117', country: 'DE' },
    deadlineAt: '2026-11-26T03:00:00.000Z',
  }),
);

function padded(payloadOf: (street: string) => string): string {
  const street = 'Unter den Linden 1, second courtyard, ';
  return payloadOf(street.padEnd(street.length + PAYLOAD_BYTES - Buffer.byteLength(payloadOf(street)), 'x'));
}

export function payloadOf(id: string): string {
  return payloadTemplate.replace(ID_MARK, id);
}

/** The mark, for whoever fills it in inside the database. */
export const idMark = ID_MARK;

export interface StockRecord {
  readonly key: string;
  readonly value: string;
  readonly partition: number;
  readonly headers: Record<string, string>;
}

/** A record as the relay would send it, with all headers of ours. */
export function stockRecord(index: number): StockRecord {
  const { id, partition } = aggregate(index);
  return {
    key: id,
    value: payloadOf(id),
    partition,
    headers: toHeaders({
      id: randomUUID(),
      source: SOURCE,
      type: EVENT_TYPE,
      subject: id,
      time: '2026-11-25T03:00:00.000000Z',
      version: Math.floor(index / AGGREGATES) + 1,
      partitionKey: id,
      correlationId: id,
      causationId: id,
      traceparent: TRACEPARENT,
    }),
  };
}
