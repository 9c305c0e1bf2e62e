import type { EntityManager } from 'typeorm';
import { type HandledEvent, identityOf, markStale, rememberEvents } from './dedup-rows.js';

/** `stale`: the event came too late to matter, by the state machine's word; it counts as handled. */
export type EffectOutcome = 'done' | 'stale';
export type InboxOutcome = EffectOutcome | 'duplicate';

/**
 * Runs one transaction and resolves after its commit; may run it again after a serialization failure. It must reject
 * when Postgres answers COMMIT with ROLLBACK, as it does after a statement whose error was caught.
 */
export type RunTransaction = <T>(run: (manager: EntityManager) => Promise<T>) => Promise<T>;

/**
 * The idempotent consumer: an event's effect happens once in this database, however often Kafka brings it.
 *
 * The dedup row commits with the effect and with the events that the effect owes: all of it, or none. A copy that is
 * being handled elsewhere at this moment waits on that row, and then sees it.
 *
 * Source: https://microservices.io/patterns/communication-style/idempotent-consumer.html
 */
export class Inbox {
  /**
   * @param consumer a stable logical name such as `inventory`, never a group id: with another name, all comes again
   */
  constructor(
    private readonly consumer: string,
    private readonly transaction: RunTransaction,
  ) {}

  /**
   * Runs the effect in one transaction with the dedup row. An error rolls both back, and the event may come again.
   *
   * `effect` must do all its work through the manager, and may run more than once.
   */
  async once(
    event: HandledEvent,
    effect: (manager: EntityManager) => Promise<EffectOutcome | void>,
  ): Promise<InboxOutcome> {
    return this.transaction(async (manager) => {
      if ((await rememberEvents(manager, this.consumer, [event])).size === 0) {
        return 'duplicate';
      }
      const outcome = (await effect(manager)) ?? 'done';
      if (outcome === 'stale') {
        await markStale(manager, this.consumer, [event]);
      }
      return outcome;
    });
  }

  /**
   * The same for many events and one effect, in one transaction: the fastest way, for effects that are a statement over
   * a set. `effect` gets those that are fresh, each once, in the order in which they were given. An error rolls back all.
   *
   * Answers how many were fresh.
   */
  async onceBatch<E extends HandledEvent>(
    events: readonly E[],
    effect: (manager: EntityManager, fresh: readonly E[]) => Promise<void>,
  ): Promise<number> {
    const each = [...new Map(events.map((event) => [identityOf(event), event])).values()];
    return this.transaction(async (manager) => {
      const remembered = await rememberEvents(manager, this.consumer, each);
      const fresh = each.filter((event) => remembered.has(identityOf(event)));
      if (fresh.length > 0) {
        await effect(manager, fresh);
      }
      return fresh.length;
    });
  }
}
