import type { ReceivedEvent } from '@waybill/contracts';
import { type EffectOutcome, IdempotentConsumer, type IdempotentConsumerOptions, type InboxRecord } from '@waybill/inbox';
import type { EntityManager } from 'typeorm';
import { swap } from '../swap.js';

interface Due {
  readonly record: InboxRecord;
  readonly event: ReceivedEvent;
}

interface ConsumerInside {
  readonly options: IdempotentConsumerOptions;
  run(manager: EntityManager, due: readonly Due[]): Promise<ReadonlyMap<InboxRecord, EffectOutcome>>;
}

const REMEMBER = `INSERT INTO inbox (consumer, source, id, topic, partition, "offset", subject, sequence)
  VALUES ($1, $2, $3, $4, $5, $6, $7, $8) ON CONFLICT DO NOTHING RETURNING id`;

/*
 * The dedup row is written beside the transaction of the effect, not in it.
 *
 * It looks right because the check comes first and is atomic: the second copy finds the row. One word is wrong: the row
 * goes through a connection of its own (`this.repository` instead of the `manager` that was handed in). When the effect
 * then fails, or the process dies, the row stays; the event comes again, is taken for a copy, and its effect never happens.
 *
 * Who: FTGO (its source says so itself), eventuate-tram-core-nodejs: a dedup row that commits though the handler failed.
 */
export function install(): void {
  swap<ConsumerInside>(IdempotentConsumer, {
    async run(manager, due) {
      const { consumer, subscription, around, transaction } = this.options;
      const outcomes = new Map<InboxRecord, EffectOutcome>();
      const fresh: Due[] = [];
      for (const each of due) {
        const { source, id, topic, partition, offset, subject, version } = each.event;
        const row = [consumer, source, id, topic, partition, offset, subject, version];
        const inserted = await transaction((own) => own.query<unknown[]>(REMEMBER, row));
        if (inserted.length > 0) {
          fresh.push(each);
        }
      }
      await subscription.lockShared?.(manager, fresh.map(({ event }) => event));
      for (const { record, event } of fresh) {
        const outcome = await around(record, () => subscription.effect(manager, event));
        outcomes.set(record, outcome ?? 'done');
      }
      return outcomes;
    },
  });
}
