import { randomBytes } from 'node:crypto';
import { until } from '@waybill/testing';
import { cpuNote, cpuSeconds } from '../cpu-clock.js';
import type { Ground } from '../ground.js';
import type { Driver } from '../kafka-driver.js';
import type { SeriesBook } from '../series.js';
import { Worker } from '../worker.js';
import { type PathName, paths } from './consumer-path.js';
import type { ConsumerAnswer, ConsumerSettings } from './consumer-worker.js';

export interface InboxTopic {
  readonly topic: string;
  readonly title: string;
  readonly events: number;
}

export interface InboxDrainOptions {
  readonly path: PathName;
  readonly topic: InboxTopic;
  readonly driver?: Driver;
}

export const inboxDrainName = ({ path, topic, driver = 'kafkajs' }: InboxDrainOptions): string =>
  `${paths[path].title}${topic.title === '' ? '' : `, ${topic.title}`}${driver === 'kafkajs' ? '' : `, ${driver}`}`;

const PARTITIONS_AT_ONCE = 6;
const WARM_UP_SHARE = 0.2;
const TIMEOUT_MS = 120_000;

/** A new group reads a full topic from its beginning, until enough events have had their effect. */
export async function drainTopic(ground: Ground, book: SeriesBook, options: InboxDrainOptions): Promise<void> {
  const { path, topic, driver = 'kafkajs' } = options;
  const wanted = Math.min(topic.events, paths[path].events);
  const database = await ground.database();
  const settings: ConsumerSettings = {
    databaseUrl: database.url,
    brokers: ground.brokers,
    driver,
    topic: topic.topic,
    group: `bench-${randomBytes(4).toString('hex')}`,
    path,
    partitionsAtOnce: PARTITIONS_AT_ONCE,
    warmUp: wanted * WARM_UP_SHARE,
    keepTimes: false,
  };
  const worker = await Worker.start({ program: new URL('./consumer-worker.js', import.meta.url), settings });
  try {
    const roots = { node: [worker.pid], postgres: [ground.pids.postgres], kafka: [ground.pids.kafka] };
    const before = cpuSeconds(roots);
    await worker.ask('start');
    const { handled, measured, firstAt, lastAt } = await until(
      async () => {
        const answer = await worker.ask<ConsumerAnswer>('status');
        return answer.handled >= wanted ? answer : undefined;
      },
      { timeoutMs: TIMEOUT_MS, intervalMs: 20, what: `${wanted} events to have had their effect` },
    );
    const note = cpuNote(before, cpuSeconds(roots), handled);
    book.add(inboxDrainName(options), 'events/s', measured / ((lastAt - firstAt) / 1_000), note);
  } finally {
    await worker.ask('stop').catch(() => undefined);
    await worker.stop();
    await database.drop();
  }
}
