import type { EventType, ReceivedEvent } from '@waybill/contracts';
import type { Progress } from '@waybill/health';
import type { EffectOutcome } from '@waybill/inbox';
import type { EntityManager } from 'typeorm';

/**
 * The effect of an event, in the transaction that it is given, all of it through the manager. It happens once; an error
 * rolls it back, and it may run again. `stale`: the event came too late to matter.
 */
export type EventHandler<T extends EventType> = (
  manager: EntityManager,
  event: ReceivedEvent<T>,
) => Promise<EffectOutcome | undefined | void>;

/** What a service does on which event. A type that is not in the table is none of its business, and counts as done. */
export type SubscriptionTable = { readonly [T in EventType]?: EventHandler<T> };

/** A provider of the service that holds its table; its class is what `WaybillModule.forService` is given. */
export interface Subscriptions {
  readonly table: SubscriptionTable;
  /**
   * Locks what the effects of different orders share, such as the stock of a SKU, in one order for all. Events come many
   * to a transaction, and two of those that lock the same rows in different orders would deadlock.
   */
  lockShared?(manager: EntityManager, events: readonly ReceivedEvent[]): Promise<void>;
  /** The effects of these events are committed: wake whoever waits for them. */
  committed?(events: readonly ReceivedEvent[]): void;
}

/** Something that works in the background, such as the loop that calls the carrier. Started when the database is there. */
export interface BackgroundWorker {
  readonly name: string;
  /** Returns at once; errors are the worker's own to survive. What it tells of its progress, liveness watches. */
  start(progress?: Progress): void;
  /** Resolves when what was in hand is done. */
  stop(): Promise<void>;
}
