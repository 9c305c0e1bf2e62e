import { until } from '@waybill/testing';
import type { Ground } from '../ground.js';
import type { SeriesBook } from '../series.js';
import { percentile } from '../statistics.js';
import { Worker } from '../worker.js';
import { latencies } from './latencies.js';
import { emptyOutbox } from './outbox-backlog.js';
import { RelayTeam } from './relay-team.js';
import type { StreamAnswer, StreamOrder, StreamSettings } from './stream-worker.js';

const CONNECTIONS = 4;
const SECONDS = 4;
const SHARES = [0.1, 0.5, 0.9];
/** How often a second each connection commits; a service under load commits some events at a time. */
const TRANSACTIONS_PER_SECOND = 400;

export const streamMaximumName = 'stream, as much as goes while it is written';
export const streamName = (share: number, quantile: string): string => `stream at ${share * 100} %, ${quantile}`;

/**
 * Finds what one relay carries while writers write as much as they can, then streams of a share of that, each with its
 * latency from commit to acknowledgement. Writers, Postgres, Kafka and relay share the machine.
 */
export async function streams(ground: Ground, book: SeriesBook, offered: number): Promise<void> {
  const database = await ground.database();
  const team = await RelayTeam.start({ databaseUrl: database.url, brokers: ground.brokers, size: 1, keepTimes: true });
  const settings: StreamSettings = { databaseUrl: database.url, connections: CONNECTIONS };
  const writer = await Worker.start({ program: new URL('./stream-worker.js', import.meta.url), settings });
  const stream = async (rowsPerSecond: number): Promise<{ answer: StreamAnswer; carried: number }> => {
    const before = await team.published();
    const order: StreamOrder = {
      rowsPerSecond,
      rowsPerTransaction: Math.max(1, Math.ceil(rowsPerSecond / TRANSACTIONS_PER_SECOND)),
      seconds: SECONDS,
    };
    const answer = await writer.ask<StreamAnswer>('stream', order);
    const carried = (await team.published()) - before;
    await until(async () => (await team.published()) >= before + answer.rows, { timeoutMs: 60_000, what: 'the stream to be sent' });
    return { answer, carried };
  };
  try {
    await stream(1_000);
    await team.times();
    const { answer, carried } = await stream(offered);
    const maximum = carried / answer.seconds;
    book.add(streamMaximumName, 'rows/s', maximum);
    await emptyOutbox(database);
    await team.times();
    for (const share of SHARES) {
      const { answer } = await stream(maximum * share);
      const found = latencies(answer, await team.times());
      for (const quantile of [50, 95, 99]) {
        book.add(streamName(share, `p${quantile}`), 'ms', percentile(found, quantile / 100));
      }
    }
  } finally {
    await writer.ask('stop').catch(() => undefined);
    await writer.stop();
    await team.stop();
    await database.drop();
    await ground.emptyTopic();
  }
}
