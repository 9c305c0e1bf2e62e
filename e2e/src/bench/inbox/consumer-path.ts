import type { ReceivedEvent } from '@waybill/contracts';
import { transaction } from '@waybill/database';
import { type Around, IdempotentConsumer, Inbox, type Reading, retrySchedule } from '@waybill/inbox';
import type { ConsumedRecord } from '@waybill/kafka';
import type { DataSource, EntityManager } from 'typeorm';
import { quietLog } from '../quiet-log.js';
import { effectByEntity, effectByStatement, effectOfMany } from './effect.js';
import { receivedEvent } from './received-event.js';

/*
 * The ways from a chunk of records to its effects. What a chunk costs is decided here and nowhere else in the benchmark:
 * a way that the inbox gains is one more entry of `paths`.
 */

export const pathNames = ['one', 'chunk', 'entities', 'set'] as const;
export type PathName = (typeof pathNames)[number];

type Handle = (records: readonly ConsumedRecord[]) => Promise<void>;

export interface ConsumerPath {
  readonly title: string;
  /** Records that the consumer hands over at once. */
  readonly chunkMax: number;
  /** How many events tell enough; slow ways need fewer. */
  readonly events: number;
  /** `around` runs an effect within its span; it is used where each event has an effect of its own. */
  handler(dataSource: DataSource, around?: Around): Handle;
}

const CONSUMER = 'bench';

export const paths: Readonly<Record<PathName, ConsumerPath>> = {
  one: {
    title: 'a transaction an event',
    chunkMax: 100,
    events: 8_000,
    handler: (dataSource) => {
      const inbox = inboxOn(dataSource);
      return async (records) => {
        for (const record of records) {
          const event = receivedEvent(record);
          await inbox.once(event, (manager) => effectByStatement(manager, event));
        }
      };
    },
  },
  chunk: {
    title: 'a transaction a chunk, pipelined',
    chunkMax: 100,
    events: 40_000,
    handler: (dataSource, around) => inChunks(dataSource, effectByStatement, around),
  },
  entities: {
    title: 'a transaction a chunk, effects by entity',
    chunkMax: 100,
    events: 20_000,
    handler: (dataSource, around) => inChunks(dataSource, effectByEntity, around),
  },
  set: {
    title: 'a transaction a chunk, one effect for all',
    chunkMax: 500,
    events: 80_000,
    handler: (dataSource) => {
      const inbox = inboxOn(dataSource);
      return async (records) => {
        await inbox.onceBatch(records.map(receivedEvent), effectOfMany);
      };
    },
  },
};

function inboxOn(dataSource: DataSource): Inbox {
  return new Inbox(CONSUMER, (run) => transaction(dataSource, run));
}

/** As services handle what they subscribe to. */
function inChunks(
  dataSource: DataSource,
  effect: (manager: EntityManager, event: ReceivedEvent) => Promise<void>,
  around: Around = (_record, run) => run(),
): Handle {
  const handler = new IdempotentConsumer({
    consumer: CONSUMER,
    transaction: (run) => transaction(dataSource, run),
    subscription: { read: (record): Reading => ({ kind: 'event', event: receivedEvent(record) }), effect },
    sendDeadLetter: () => {
      throw new Error('an event of the benchmark should never be dead');
    },
    schedule: retrySchedule,
    around,
    counted: (outcome) => {
      if (outcome !== 'done' && outcome !== 'duplicate') {
        throw new Error(`expected each event to be done or a duplicate, got ${outcome}`);
      }
    },
    log: quietLog,
  });
  return (records) => handler.handle(records);
}
