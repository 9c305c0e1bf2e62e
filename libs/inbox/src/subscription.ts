import type { Envelope, ReceivedEvent } from '@waybill/contracts';
import type { EntityManager } from 'typeorm';
import type { EffectOutcome } from './inbox.js';
import type { InboxRecord } from './inbox-record.js';

/** What a consumer makes of a record, before anything is done about it. */
export type Reading =
  /** An event of a type that the consumer handles. */
  | { readonly kind: 'event'; readonly event: ReceivedEvent }
  /** An event of a type that is none of its business. */
  | { readonly kind: 'ignored'; readonly type: string }
  /** No event at all. */
  | { readonly kind: 'no-event'; readonly type: string; readonly problem: string }
  /** An event that this version of the consumer cannot read yet. */
  | { readonly kind: 'newer-version'; readonly envelope: Envelope; readonly problem: string }
  /** An event whose producer broke the contract. */
  | { readonly kind: 'breaks-schema'; readonly envelope: Envelope; readonly problem: string };

/** What one consumer does about events. The effects run in the transaction that they are given, and may run again. */
export interface Subscription {
  read(record: InboxRecord): Reading;
  /** All work through the manager. */
  effect(manager: EntityManager, event: ReceivedEvent): Promise<EffectOutcome | void>;
  /**
   * Locks the rows that events of different keys share, in one order for all: called once before the effects. Without
   * it, two partitions whose effects touch the same rows would deadlock.
   */
  lockShared?(manager: EntityManager, events: readonly ReceivedEvent[]): Promise<void>;
  /** The effects of these events are committed. */
  committed?(events: readonly ReceivedEvent[]): void;
}

/** Runs the effect of one record within its span, for instance; passes result and error on. */
export type Around = <T>(record: InboxRecord, run: () => Promise<T>) => Promise<T>;

/** What became of a record. */
export type RecordOutcome = EffectOutcome | 'duplicate' | 'ignored' | 'parked' | 'dead' | 'dead-lettered';

export interface InboxLog {
  info(message: string, facts: object): void;
  warn(message: string, facts: object): void;
  error(message: string, facts: object): void;
}
