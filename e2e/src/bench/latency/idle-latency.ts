import { until } from '@waybill/testing';
import { TOPIC } from '../event-stock.js';
import type { Ground } from '../ground.js';
import type { CommittedTimes, ConsumerAnswer, ConsumerSettings } from '../inbox/consumer-worker.js';
import type { Driver } from '../kafka-driver.js';
import { RelayTeam } from '../relay/relay-team.js';
import type { SeriesBook } from '../series.js';
import { percentile } from '../statistics.js';
import { Worker } from '../worker.js';
import type { OrderWriterSettings, WriteAnswer, WriteOrder } from './order-writer-worker.js';

const PER_SECOND = 20;
const SECONDS = 10;
const WARM_UP_SECONDS = 2;

export const idleName = (what: 'acknowledged' | 'effect', quantile: string, driver: Driver = 'kafkajs'): string => {
  const span = what === 'acknowledged' ? 'commit to acknowledged' : 'transaction start to effect in the next service';
  return `${span}, ${quantile}${driver === 'kafkajs' ? '' : `, ${driver}`}`;
};

/** Writer, relay and consumer each in a process of its own, 20 events a second. */
export async function idleLatency(ground: Ground, book: SeriesBook, driver: Driver): Promise<void> {
  const [sending, receiving] = [await ground.database(), await ground.database()];
  const workers: Worker[] = [];
  const start = async (program: string, settings: object): Promise<Worker> => {
    const worker = await Worker.start({ program: new URL(program, import.meta.url), settings });
    workers.push(worker);
    return worker;
  };
  const team = await RelayTeam.start({
    databaseUrl: sending.url,
    brokers: ground.brokers,
    size: 1,
    driver,
    keepTimes: true,
  });
  try {
    const consumer = await start('../inbox/consumer-worker.js', {
      databaseUrl: receiving.url,
      brokers: ground.brokers,
      driver,
      topic: TOPIC,
      group: `bench-idle-${Date.now()}`,
      path: 'chunk',
      partitionsAtOnce: 4,
      warmUp: 0,
      keepTimes: true,
    } satisfies ConsumerSettings);
    await consumer.ask('start');
    const writer = await start('./order-writer-worker.js', { databaseUrl: sending.url } satisfies OrderWriterSettings);
    await until(async () => (await consumer.ask<ConsumerAnswer>('status')).joined, { what: 'the consumer to join' });
    const write = (seconds: number) =>
      writer.ask<WriteAnswer>('write', { perSecond: PER_SECOND, seconds } satisfies WriteOrder);
    const handled = (events: number) =>
      until(async () => (await consumer.ask<ConsumerAnswer>('status')).handled >= events, { what: `${events} effects` });
    const warmUps = PER_SECOND * WARM_UP_SECONDS;
    await write(WARM_UP_SECONDS);
    await handled(warmUps);
    const { startedAt, committedAt } = await write(SECONDS);
    await handled(warmUps + startedAt.length);
    const effects = await consumer.ask<CommittedTimes>('times');
    const [acknowledged] = await team.times();
    if (acknowledged !== undefined) {
      record(book, 'acknowledged', driver, since(committedAt, warmUps, acknowledged));
    }
    record(book, 'effect', driver, since(startedAt, warmUps, effects));
  } finally {
    for (const worker of workers) {
      await worker.ask('stop').catch(() => undefined);
      await worker.stop();
    }
    await team.stop();
    await Promise.all([sending.drop(), receiving.drop()]);
    await ground.emptyTopic();
  }
}

function since(from: Float64Array, first: number, { numbers, at }: CommittedTimes): number[] {
  const found: number[] = [];
  numbers.forEach((number, index) => {
    const [begin, end] = [from[number - first], at[index]];
    if (begin !== undefined && end !== undefined) {
      found.push(Math.max(0, end - begin));
    }
  });
  return found;
}

function record(book: SeriesBook, what: 'acknowledged' | 'effect', driver: Driver, times: readonly number[]): void {
  for (const quantile of [50, 99]) {
    book.add(idleName(what, `p${quantile}`, driver), 'ms', percentile(times, quantile / 100));
  }
}
