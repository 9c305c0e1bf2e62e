// First, because tracing patches what is loaded after it; without a collector it only carries contexts.
import '@waybill/tracing/register';
import { declaredTopics, type EventData, toHeaders } from '@waybill/contracts';
import { createConnection, createDataSource, transaction } from '@waybill/database';
import { Inbox } from '@waybill/inbox';
import { type ConsumedRecord, inProcessSpan } from '@waybill/kafka';
import { Outbox, OutboxRelay, OutboxSignal } from '@waybill/outbox';
import { until } from '@waybill/testing';
import { contextFrom, currentTrace, flushTracing, inSpan } from '@waybill/tracing';
import type { EntityManager } from 'typeorm';
import { uuidv7 } from 'uuidv7';
import { aggregate, AGGREGATES, EVENT_TYPE, payloadOf, SOURCE, TOPIC } from '../event-stock.js';
import { paths } from '../inbox/consumer-path.js';
import { effectByStatement } from '../inbox/effect.js';
import { receivedEvent } from '../inbox/received-event.js';
import { clientOf, drivers } from '../kafka-driver.js';
import { quietLog } from '../quiet-log.js';
import { serve, settingsOf } from '../worker-channel.js';
import { type PriceStep, priceSteps } from './price-step.js';

/** A writer, a relay and a consumer in one process, with as many promises as the step has. */
export interface PriceSettings {
  readonly databaseUrl: string;
  readonly brokers: string;
  readonly group: string;
  readonly step: PriceStep;
}

export interface PriceAnswer {
  readonly seconds: number;
}

const { databaseUrl, brokers, group, step } = settingsOf<PriceSettings>();
const has = (promise: PriceStep) => priceSteps.indexOf(step) >= priceSteps.indexOf(promise);
const WRITERS = 16;

const dataSource = createDataSource({ url: databaseUrl, applicationName: 'bench-price', poolMax: WRITERS + 4 });
await dataSource.initialize();
const kafka = clientOf(drivers[0], brokers, 'bench-price');
await kafka.ensureTopics(declaredTopics());
const producer = kafka.producer();
const connect = async () => {
  const client = createConnection({ url: databaseUrl, applicationName: 'bench-price' });
  await client.connect();
  return client;
};
const signal = new OutboxSignal({ connect });
const outbox = new Outbox('orders');
const relay = new OutboxRelay({
  source: SOURCE,
  owner: 'bench-price',
  connect,
  publish: (records) => producer.publish(records),
  signal,
  log: quietLog,
});
let handled = 0;
const handle = handler();
const consumer = kafka.consumer({
  group,
  topics: [TOPIC],
  partitionsAtOnce: 6,
  handle: async (records) => {
    await handle(records);
    handled += records.length;
  },
});

serve({
  start: async () => {
    if (has('outbox')) {
      signal.watch(dataSource);
      signal.start();
      relay.start();
    }
    consumer.start();
    await until(() => consumer.status().joined, { what: 'the consumer to join' });
  },
  run: async (argument): Promise<PriceAnswer> => run(argument as number),
  stop: async () => {
    await consumer.stop();
    await relay.stop();
    await signal.stop();
    await producer.disconnect();
    await kafka.close();
    await dataSource.destroy();
    await flushTracing();
  },
});

let numbered = 0;

async function run(events: number): Promise<PriceAnswer> {
  const before = handled;
  const end = numbered + events;
  const started = performance.now();
  await Promise.all(
    Array.from({ length: WRITERS }, async () => {
      while (numbered < end) {
        const number = numbered++;
        await (has('tracing') ? inSpan('write', { parent: contextFrom({}) }, () => write(number)) : write(number));
      }
    }),
  );
  await until(() => handled >= before + events, { timeoutMs: 120_000, intervalMs: 5, what: 'all effects' });
  return { seconds: (performance.now() - started) / 1_000 };
}

/** A row of business and its event: in one transaction, or one after the other and hoping for the best. */
async function write(number: number): Promise<void> {
  // Writers never wait for one another's rows: what is measured is the promise, not the lock.
  const { id } = aggregate(number);
  const version = Math.floor(number / AGGREGATES) + 1;
  await transaction(dataSource, async (manager) => {
    await manager.query(
      `INSERT INTO orders (id, n) VALUES ($1, 1) ON CONFLICT (id) DO UPDATE SET n = orders.n + 1`,
      [id],
    );
    if (has('outbox')) {
      await append(manager, id, version);
    }
  });
  if (!has('outbox')) {
    const headers = toHeaders({
      id: uuidv7(),
      source: SOURCE,
      type: EVENT_TYPE,
      subject: id,
      time: new Date().toISOString(),
      version,
      partitionKey: id,
      correlationId: id,
      ...currentTrace(),
    });
    await producer.publish([{ topic: TOPIC, key: id, value: payloadOf(id), headers }]);
  }
}

async function append(manager: EntityManager, id: string, version: number): Promise<void> {
  const data = JSON.parse(payloadOf(id)) as EventData<typeof EVENT_TYPE>;
  await outbox.append(manager, { type: EVENT_TYPE, aggregateId: id, version, orderId: id, data, correlationId: id });
}

function handler(): (records: readonly ConsumedRecord[]) => Promise<void> {
  const inbox = new Inbox('bench', (run) => transaction(dataSource, run));
  const alone = async (record: ConsumedRecord) => {
    const event = receivedEvent(record);
    if (has('inbox')) {
      await inbox.once(event, (manager) => effectByStatement(manager, event));
    } else {
      await transaction(dataSource, (manager) => effectByStatement(manager, event));
    }
  };
  if (!has('order')) {
    // All of a chunk at once, in any order.
    return async (records) => {
      await Promise.all(records.map(alone));
    };
  }
  // As a service handles a chunk: events of one key one after another, spans where somebody listens.
  return paths.chunk.handler(dataSource, has('tracing') ? (record, run) => inProcessSpan(record, group, run) : undefined);
}
