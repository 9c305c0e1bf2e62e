import { toHeaders } from '@waybill/contracts';
import type { OutboxRow } from './outbox-batch.js';
import { rawRecord } from './raw-record.js';

export type HeaderValue = string | Buffer;

/** What `publish` gets: one Kafka record. */
export interface OutboxRecord {
  readonly topic: string;
  readonly key: string | null;
  readonly value: string | Buffer | null;
  /** A header that comes more than once has a list of values. */
  readonly headers: Readonly<Record<string, HeaderValue | HeaderValue[]>>;
}

/** The record of a row: an event in CloudEvents' binary mode, or a raw record exactly as it was written. */
export function toRecord(row: OutboxRow, source: string): OutboxRecord {
  if (row.raw !== null) {
    return rawRecord(row.topic, row.raw);
  }
  return {
    topic: row.topic,
    key: row.partitionkey,
    value: row.payload,
    headers: toHeaders({
      id: row.id,
      source,
      type: row.type,
      subject: row.aggregateid,
      time: row.occurred_at,
      version: row.version,
      partitionKey: row.partitionkey,
      correlationId: row.correlationid,
      causationId: row.causationid ?? undefined,
      deadline: row.deadline ?? undefined,
      flags: row.flags ?? undefined,
      traceparent: row.traceparent ?? undefined,
      tracestate: row.tracestate ?? undefined,
      baggage: row.baggage ?? undefined,
    }),
  };
}
