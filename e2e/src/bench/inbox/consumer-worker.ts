import { createDataSource } from '@waybill/database';
import { now } from '../clock.js';
import { clientOf, type Driver } from '../kafka-driver.js';
import { serve, settingsOf } from '../worker-channel.js';
import { type PathName, paths } from './consumer-path.js';
import { EffectEntity } from './effect.js';

/** One consumer with its inbox in a process of its own. */
export interface ConsumerSettings {
  readonly databaseUrl: string;
  readonly brokers: string;
  readonly driver: Driver;
  readonly topic: string;
  readonly group: string;
  readonly path: PathName;
  readonly partitionsAtOnce: number;
  /** Events before the measuring begins: a process that has run for a while is quicker. */
  readonly warmUp: number;
  /** Keep for each event when its effect was committed. */
  readonly keepTimes: boolean;
}

export interface ConsumerAnswer {
  readonly joined: boolean;
  readonly handled: number;
  /** Of them, those since the warm-up; and from when to when. */
  readonly measured: number;
  readonly firstAt: number;
  readonly lastAt: number;
}

/** Of each event: the number that its writer gave it (correlation id), and when its effect was committed. */
export interface CommittedTimes {
  readonly numbers: Float64Array;
  readonly at: Float64Array;
}

const settings = settingsOf<ConsumerSettings>();
const path = paths[settings.path];
const dataSource = createDataSource({
  url: settings.databaseUrl,
  applicationName: 'bench-consumer',
  entities: [EffectEntity],
  poolMax: settings.partitionsAtOnce,
});
await dataSource.initialize();
const kafka = clientOf(settings.driver, settings.brokers, 'bench-consumer');
const handle = path.handler(dataSource);
let handled = 0;
let warmedUp = 0;
let firstAt = 0;
let lastAt = 0;
let failure: Error | undefined;
const numbers: number[] = [];
const at: number[] = [];

const consumer = kafka.consumer({
  group: settings.group,
  topics: [settings.topic],
  chunkMax: path.chunkMax,
  partitionsAtOnce: settings.partitionsAtOnce,
  handle: async (records) => {
    try {
      await handle(records);
    } catch (error) {
      // The consumer would try again for ever; a measurement in which effects fail is none.
      failure ??= error instanceof Error ? error : new Error(String(error));
      throw error;
    }
    lastAt = now();
    handled += records.length;
    if (firstAt === 0 && handled >= settings.warmUp) {
      firstAt = lastAt;
      warmedUp = handled;
    }
    if (settings.keepTimes) {
      for (const { headers } of records) {
        numbers.push(Number(headers['ce_correlationid']));
        at.push(lastAt);
      }
    }
  },
});

serve({
  start: () => consumer.start(),
  status: (): ConsumerAnswer => {
    if (failure !== undefined) {
      throw failure;
    }
    return { joined: consumer.status().joined, handled, measured: handled - warmedUp, firstAt, lastAt };
  },
  times: (): CommittedTimes => ({ numbers: Float64Array.from(numbers), at: Float64Array.from(at) }),
  stop: async () => {
    await consumer.stop();
    await kafka.close();
    await dataSource.destroy();
  },
});
