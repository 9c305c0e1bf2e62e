import type { EntityManager } from 'typeorm';
import { storable } from './failure.js';
import { type HeaderPairs, headerPairs, type InboxRecord } from './inbox-record.js';

/** The copy of a record that a consumer gave up: its own key, bytes and headers, and `waybill_dlt_` headers that tell why. */
export interface DeadLetter {
  readonly consumer: string;
  /** The topic that the record came from. */
  readonly topic: string;
  readonly key: string | null;
  readonly value: Buffer | null;
  readonly headers: HeaderPairs;
}

/** Sends the copy on its way, in the transaction in which the record is given up: both, or neither. */
export type SendDeadLetter = (manager: EntityManager, letter: DeadLetter) => Promise<void>;

export interface DeathFacts {
  readonly consumer: string;
  readonly attempts: number;
  readonly errorClass: string;
  readonly reason: string;
}

const OURS = 'waybill_dlt_';

/**
 * What an earlier death has written is replaced: a letter that was sent back to its topic and died again must not grow
 * with each round. Of the record's own headers, none is touched.
 */
export function deadLetterOf(record: InboxRecord, { consumer, attempts, errorClass, reason }: DeathFacts): DeadLetter {
  const own = headerPairs(record.rawHeaders).filter(([name]) => !name.startsWith(OURS));
  const told = {
    topic: record.topic,
    partition: String(record.partition),
    offset: record.offset,
    timestamp: record.timestamp,
    consumer,
    attempts: String(attempts),
    error_class: errorClass,
    reason: storable(reason),
    at: new Date().toISOString(),
  };
  return {
    consumer,
    topic: record.topic,
    key: record.key ?? null,
    value: record.value,
    headers: [...own, ...Object.entries(told).map(([name, value]) => [`${OURS}${name}`, Buffer.from(value)] as const)],
  };
}
