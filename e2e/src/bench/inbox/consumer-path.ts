import { transaction } from '@waybill/database';
import { Inbox } from '@waybill/inbox';
import type { ConsumedRecord } from '@waybill/kafka';
import type { DataSource } from 'typeorm';
import { effectByStatement } from './effect.js';
import { receivedEvent } from './received-event.js';

/*
 * The ways from a chunk of records to its effects. What a chunk costs is decided here and nowhere else in the benchmark:
 * a way that the inbox gains is one more entry of `paths`.
 */

export const pathNames = ['one'] as const;
export type PathName = (typeof pathNames)[number];

export interface ConsumerPath {
  readonly title: string;
  /** Records that the consumer hands over at once. */
  readonly chunkMax: number;
  /** How many events tell enough; slow ways need fewer. */
  readonly events: number;
  handler(dataSource: DataSource): (records: readonly ConsumedRecord[]) => Promise<void>;
}

const CONSUMER = 'bench';

export const paths: Readonly<Record<PathName, ConsumerPath>> = {
  one: {
    title: 'a transaction an event',
    chunkMax: 100,
    events: 8_000,
    handler: (dataSource) => {
      const inbox = new Inbox(CONSUMER, (run) => transaction(dataSource, run));
      return async (records) => {
        for (const record of records) {
          const event = receivedEvent(record);
          await inbox.once(event, (manager) => effectByStatement(manager, event));
        }
      };
    },
  },
};
