import { createConnection } from '@waybill/database';
import { OutboxRelay, OutboxSignal } from '@waybill/outbox';
import { now } from '../clock.js';
import { SOURCE } from '../event-stock.js';
import { clientOf, type Driver } from '../kafka-driver.js';
import { quietLog } from '../quiet-log.js';
import { serve, settingsOf } from '../worker-channel.js';

/** One relay in a process of its own, as a service runs it. */
export interface RelaySettings {
  readonly databaseUrl: string;
  readonly brokers: string;
  readonly driver: Driver;
  readonly name: string;
  /** Keep for each row when it was acknowledged. */
  readonly keepTimes: boolean;
}

export interface RelayAnswer {
  readonly shards: number;
  readonly published: number;
  /** When the broker last acknowledged something. */
  readonly lastAt: number;
  readonly residentBytes: number;
}

/** Of each row: the number that its writer gave it (correlationid), and when it was acknowledged. */
export interface AcknowledgedTimes {
  readonly numbers: Float64Array;
  readonly at: Float64Array;
}

const settings = settingsOf<RelaySettings>();
const connect = async () => {
  const client = createConnection({ url: settings.databaseUrl, applicationName: settings.name });
  await client.connect();
  return client;
};
const kafka = clientOf(settings.driver, settings.brokers, settings.name);
const producer = kafka.producer();
const signal = new OutboxSignal({ connect });
let published = 0;
let lastAt = 0;
let numbers: number[] = [];
let at: number[] = [];

const relay = new OutboxRelay({
  source: SOURCE,
  owner: settings.name,
  connect,
  publish: (records) => producer.publish(records),
  signal,
  log: quietLog,
  onPublished: (rows) => {
    lastAt = now();
    published += rows.length;
    if (settings.keepTimes) {
      for (const { correlationid } of rows) {
        numbers.push(Number(correlationid));
        at.push(lastAt);
      }
    }
  },
});

serve({
  start: () => {
    signal.start();
    relay.start();
  },
  status: (): RelayAnswer => ({
    shards: relay.status().shards,
    published,
    lastAt,
    residentBytes: process.memoryUsage.rss(),
  }),
  /** Hands the times over, and forgets them. */
  times: (): AcknowledgedTimes => {
    const taken = { numbers: Float64Array.from(numbers), at: Float64Array.from(at) };
    numbers = [];
    at = [];
    return taken;
  },
  stop: async () => {
    await relay.stop();
    await signal.stop();
    await producer.disconnect();
    await kafka.close();
  },
});
