import type { Envelope, Position } from '@waybill/contracts';
import type { EntityManager } from 'typeorm';

/** `stale`: the event came too late to matter, by the state machine's word; it counts as handled. */
export type EffectOutcome = 'done' | 'stale';
export type InboxOutcome = EffectOutcome | 'duplicate';

/** Runs one transaction and resolves after its commit; may run it again after a serialization failure. */
export type RunTransaction = <T>(run: (manager: EntityManager) => Promise<T>) => Promise<T>;

const REMEMBER = `INSERT INTO inbox (consumer, source, id, topic, partition, "offset", subject, sequence)
  VALUES ($1, $2, $3, $4, $5, $6, $7, $8)
  ON CONFLICT DO NOTHING RETURNING true AS fresh`;

const MARK_STALE = `UPDATE inbox SET outcome = 'stale' WHERE consumer = $1 AND source = $2 AND id = $3`;

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
    event: Envelope & Position,
    effect: (manager: EntityManager) => Promise<EffectOutcome | void>,
  ): Promise<InboxOutcome> {
    return this.transaction(async (manager) => {
      const fresh = await manager.query<unknown[]>(REMEMBER, [
        this.consumer,
        event.source,
        event.id,
        event.topic,
        event.partition,
        event.offset,
        event.subject,
        event.version,
      ]);
      if (fresh.length === 0) {
        return 'duplicate';
      }
      const outcome = (await effect(manager)) ?? 'done';
      if (outcome === 'stale') {
        await manager.query(MARK_STALE, [this.consumer, event.source, event.id]);
      }
      return outcome;
    });
  }
}
