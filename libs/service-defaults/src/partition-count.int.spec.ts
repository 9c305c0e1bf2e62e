import { randomUUID } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { Writable } from 'node:stream';
import { Module } from '@nestjs/common';
import { databaseConfig, httpConfig, kafkaConfig, rolesConfig, shutdownConfig } from '@waybill/config';
import { partitionAmong } from '@waybill/contracts';
import { transaction } from '@waybill/database';
import { inboxTables } from '@waybill/inbox';
import { type ConsumedRecord, type EventConsumer, KafkaClient } from '@waybill/kafka';
import { Outbox, outboxArchiveTables, outboxTables } from '@waybill/outbox';
import { createTestDatabase, type TestDatabase, until } from '@waybill/testing';
import { type Admin, Kafka, logLevel } from 'kafkajs';
import { DataSource } from 'typeorm';
import { afterAll, beforeAll, expect, inject, it, vi } from 'vitest';
import { z } from 'zod';
import { type RunningService, startService } from './start-service.js';
import { WaybillModule } from './waybill.module.js';

/** The topic of this test in the place of `waybill.orders`, and its declared count, which is code and changes with a release. */
const declared = vi.hoisted(() => ({ topic: `waybill.orders-${Math.random().toString(36).slice(2)}`, partitions: 2 }));
const BEFORE = 2;
const AFTER = 5;
/** Unread events in each partition when the procedure begins. */
const BACKLOG = 250;

vi.mock('@waybill/contracts', async (original) => {
  const contracts = await original<typeof import('@waybill/contracts')>();
  const { publishers, partitionOf, partitionAmong: among } = contracts;
  return {
    ...contracts,
    publishers: { ...publishers, orders: { ...publishers.orders, topic: declared.topic } },
    partitionOf: (topic: string, key: string) =>
      topic === declared.topic ? among(declared.partitions, key) : partitionOf(topic, key),
  };
});

const quiet = { debug: () => undefined, info: () => undefined, warn: () => undefined, error: () => undefined };
const config = z.object({
  ...httpConfig('orders', 3001),
  ...databaseConfig('orders'),
  ...kafkaConfig,
  ...rolesConfig,
  ...shutdownConfig,
});
class AppModule {}
Module({ imports: [WaybillModule.forService({ name: 'orders', entities: [] })] })(AppModule);

const GROUP = `partition-count-${randomUUID()}`;
const orders = Array.from({ length: 24 }, () => randomUUID());

let database: TestDatabase;
let kafka: KafkaClient;
let admin: Admin;
let writer: RunningService;
let relay: RunningService;
let consumers: EventConsumer[] = [];
let writing = true;
let written = 0;
let failed: unknown;
/** By their ids, in the order of their effects: a copy has none. */
const read = new Map<string, ConsumedRecord>();

function start(roles: string): Promise<RunningService> {
  return startService(
    { name: 'orders', config, module: AppModule },
    {
      env: { WAYBILL_ORDERS_DATABASE_URL: database.url, WAYBILL_KAFKA_BROKERS: inject('kafkaBrokers'), ROLES: roles },
      port: 0,
      exit: () => undefined,
      logTo: new Writable({ write: (_chunk, _encoding, done) => done() }),
    },
  );
}

/**
 * A member for each partition, with effects that take their time: what is not drained is still unread when the relays are
 * back, and another member has nothing better to do than to read what follows it.
 */
async function startConsumers(): Promise<void> {
  consumers = Array.from({ length: declared.partitions }, () => consumer());
  for (const member of consumers) {
    member.start();
  }
  await until(() => consumers.every((member) => member.status().joined));
}

function consumer(): EventConsumer {
  return kafka.consumer({
    group: GROUP,
    topics: [declared.topic],
    chunkMax: 5,
    handle: async (records) => {
      await database.query('SELECT pg_sleep(0.01)');
      for (const record of records) {
        const id = record.headers['ce_id'] ?? '';
        read.set(id, read.get(id) ?? record);
      }
    },
  });
}

async function stopConsumers(): Promise<void> {
  await Promise.all(consumers.map((member) => member.stop()));
}

/** One version after the other of every order, as long as the test goes on: nobody is told of the change. */
async function write(): Promise<void> {
  const [dataSource, outbox] = [writer.app.get(DataSource), writer.app.get(Outbox)];
  await until(() => dataSource.isInitialized);
  for (let version = 1; writing; version++) {
    for (const orderId of orders) {
      await transaction(dataSource, (manager) =>
        outbox.append(manager, {
          type: 'waybill.order.rejected.v1',
          aggregateId: orderId,
          version,
          orderId,
          data: { orderId, reason: 'a story' },
          correlationId: orderId,
        }),
      );
    }
    written = version;
  }
}

async function waiting(): Promise<number> {
  const [row] = await database.query<{ count: string }>('SELECT count(*) FROM outbox');
  return Number(row?.count);
}

async function lag(): Promise<number> {
  const [ends, [group]] = await Promise.all([
    admin.fetchTopicOffsets(declared.topic),
    admin.fetchOffsets({ groupId: GROUP, topics: [declared.topic] }),
  ]);
  const done = new Map(group?.partitions.map(({ partition, offset }) => [partition, Math.max(0, Number(offset))]));
  return ends.reduce((sum, { partition, high }) => sum + Number(high) - (done.get(partition) ?? 0), 0);
}

async function writtenBeyond(version: number): Promise<void> {
  await until(() => written > version || failed !== undefined);
  expect(failed).toBeUndefined();
}

const ensureTopic = () => kafka.ensureTopics([{ topic: declared.topic, partitions: declared.partitions, config: {} }]);

/** What each step of the runbook in docs/operations.md is here, by its first words there. */
const steps: Record<string, () => Promise<void>> = {
  'Stop the relays': async () => {
    await relay.shutdown.stop('spec');
    const [{ count } = { count: '' }] = await database.query<{ count: string }>(
      'SELECT count(*) FROM outbox_leases WHERE expires_at > now()',
    );
    expect(Number(count)).toBe(0);
  },
  'Drain the topic': async () => {
    // The broker may be making the group's coordinator: that is an error once, and then none.
    await until(async () => (await lag()) > 0);
    await startConsumers();
    await until(async () => (await lag()) === 0, { timeoutMs: 40_000 });
  },
  'Stop the consumers': stopConsumers,
  'Add the partitions': async () => {
    await admin.createPartitions({ topicPartitions: [{ topic: declared.topic, count: AFTER }] });
    await until(async () => (await admin.fetchTopicOffsets(declared.topic)).length === AFTER);
    await expect(ensureTopic()).rejects.toThrow(`should have ${BEFORE} partitions, but has ${AFTER}`);
  },
  'Declare the count': async () => {
    declared.partitions = AFTER;
    expect(await ensureTopic()).toEqual([]);
  },
  'Start the consumers': startConsumers,
  'Start the relays': async () => {
    expect(await waiting()).toBeGreaterThan(0);
    relay = await start('relay');
  },
};

beforeAll(async () => {
  database = await createTestDatabase(inject('postgresAdminUrl'), [outboxTables, outboxArchiveTables, inboxTables].flat());
  const brokers = inject('kafkaBrokers').split(',');
  kafka = new KafkaClient({ clientId: 'spec', brokers, log: quiet });
  admin = new Kafka({ clientId: 'spec', brokers, logLevel: logLevel.NOTHING }).admin();
  await admin.connect();
  await ensureTopic();
  writer = await start('http');
  relay = await start('relay');
});
afterAll(async () => {
  writing = false;
  await stopConsumers();
  await relay.shutdown.stop('spec');
  await writer.shutdown.stop('spec');
  await admin.disconnect();
  await kafka.close();
  await database.drop();
});

it('the partition count of a topic changes under load by the runbook: every event is read once, in the order of its order', async () => {
  const runbook = readFileSync(join(import.meta.dirname, '../../../docs/operations.md'), 'utf8');
  const section = /## Change a partition count\n([\s\S]*?)\n## /.exec(runbook)?.[1] ?? '';
  const titles = [...section.matchAll(/^\d+\. \*\*(.+?)\*\*/gm)].map(([, title = '']) => title);
  expect(titles.toSorted()).toEqual(Object.keys(steps).toSorted());

  const writes = write().catch((error: unknown) => {
    failed = error;
  });
  // Something stands in the topic, unread: its consumers were away.
  await until(async () => (await admin.fetchTopicOffsets(declared.topic)).every(({ high }) => Number(high) > BACKLOG));
  for (const title of titles) {
    await steps[title]?.();
    await writtenBeyond(written);
  }
  await writtenBeyond(written + 1);
  writing = false;
  await writes;
  expect(failed).toBeUndefined();

  const eventsOf = (orderId: string) => [...read.values()].filter(({ key }) => key === orderId);
  const versionsOf = (orderId: string) => eventsOf(orderId).map(({ headers }) => Number(headers['ce_sequence']));
  await until(() => read.size >= orders.length * written, { timeoutMs: 40_000, what: 'every event to be read' });
  for (const orderId of orders) {
    expect(versionsOf(orderId)).toEqual(Array.from({ length: written }, (_, index) => index + 1));
  }
  // It was worth the trouble: orders have moved.
  const moved = orders.filter((orderId) => partitionAmong(BEFORE, orderId) !== partitionAmong(AFTER, orderId));
  expect(moved.length).toBeGreaterThan(0);
  for (const orderId of moved) {
    const partitions = eventsOf(orderId).map(({ partition }) => partition);
    expect(new Set(partitions)).toEqual(new Set([partitionAmong(BEFORE, orderId), partitionAmong(AFTER, orderId)]));
  }
});
