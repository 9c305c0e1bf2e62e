import { randomUUID } from 'node:crypto';
import { Writable } from 'node:stream';
import { Injectable, Module } from '@nestjs/common';
import { databaseConfig, httpConfig, inboxConfig, kafkaConfig, rolesConfig, shutdownConfig } from '@waybill/config';
import { deadLetterTopic, declaredTopics, type ReceivedEvent, toHeaders } from '@waybill/contracts';
import { transaction } from '@waybill/database';
import { inboxTables, parkingTables, replayTables } from '@waybill/inbox';
import { type ConsumedRecord, KafkaClient } from '@waybill/kafka';
import { Outbox, outboxArchiveTables, outboxTables } from '@waybill/outbox';
import { createTestDatabase, type TestDatabase, until } from '@waybill/testing';
import { DataSource } from 'typeorm';
import { afterAll, beforeAll, expect, inject, it, vi } from 'vitest';
import { z } from 'zod';
import { type RunningService, startService } from './start-service.js';
import type { BackgroundWorker, Subscriptions, SubscriptionTable } from './subscriptions.js';
import { WaybillModule } from './waybill.module.js';

const quiet = { debug: () => undefined, info: () => undefined, warn: () => undefined, error: () => undefined };
const config = z.object({
  ...httpConfig('shipping', 3003),
  ...databaseConfig('shipping'),
  ...kafkaConfig,
  ...inboxConfig,
  ...rolesConfig,
  ...shutdownConfig,
});

class ShippingSubscriptions implements Subscriptions {
  readonly handled: ReceivedEvent[] = [];

  /** Orders whose events fail, until they are taken out. */
  readonly failing = new Set<string>();
  committedOrders: string[] = [];

  readonly table: SubscriptionTable = {
    'waybill.order.confirmed.v1': async (_manager, event) => {
      if (this.failing.has(event.subject)) {
        throw new Error('not today');
      }
      this.handled.push(event);
    },
  };

  committed(events: readonly ReceivedEvent[]): void {
    this.committedOrders.push(...events.map(({ subject }) => subject));
  }
}
Injectable()(ShippingSubscriptions);

class Clerk implements BackgroundWorker {
  readonly name = 'clerk';
  readonly life: string[] = [];

  start(): void {
    this.life.push('started');
  }

  async stop(): Promise<void> {
    this.life.push('stopped');
  }
}

class AppModule {}
Module({
  imports: [
    WaybillModule.forService({ name: 'shipping', entities: [], subscriptions: ShippingSubscriptions, workers: [Clerk] }),
  ],
  providers: [ShippingSubscriptions, Clerk],
})(AppModule);

class ForgetfulModule {}
Module({ imports: [WaybillModule.forService({ name: 'shipping', entities: [], subscriptions: ShippingSubscriptions })] })(
  ForgetfulModule,
);

let database: TestDatabase;
let kafka: KafkaClient;
let service: RunningService;

function start(module: typeof AppModule, env: Record<string, string> = {}): Promise<RunningService> {
  return startService(
    { name: 'shipping', config, module },
    {
      env: { WAYBILL_SHIPPING_DATABASE_URL: database.url, WAYBILL_KAFKA_BROKERS: inject('kafkaBrokers'), ...env },
      port: 0,
      exit: () => undefined,
      logTo: new Writable({ write: (_chunk, _encoding, done) => done() }),
    },
  );
}

beforeAll(async () => {
  database = await createTestDatabase(
    inject('postgresAdminUrl'),
    [outboxTables, outboxArchiveTables, inboxTables, parkingTables, replayTables].flat(),
  );
  kafka = new KafkaClient({ clientId: 'spec', brokers: inject('kafkaBrokers').split(','), log: quiet });
  await kafka.ensureTopics(declaredTopics());
  service = await start(AppModule);
});
afterAll(async () => {
  await service.shutdown.stop('spec');
  await kafka.close();
  await database.drop();
});

/** Everything in a topic from its beginning on. */
function read(topic: string): { records: ConsumedRecord[]; stop: () => Promise<void> } {
  const records: ConsumedRecord[] = [];
  const consumer = kafka.consumer({
    group: `spec-${randomUUID()}`,
    topics: [topic],
    handle: async (chunk) => {
      records.push(...chunk);
    },
  });
  consumer.start();
  return { records, stop: () => consumer.stop() };
}

const shipTo = { name: 'Ada', street: 'Main Street 1', city: 'Berlin', postcode: '10115', country: 'DE' };

function orderConfirmed(orderId: string, version = 2) {
  return {
    topic: 'waybill.orders',
    key: orderId,
    value: JSON.stringify({ orderId, lines: [{ sku: 'BOOK-1', quantity: 1 }], shipTo }),
    headers: toHeaders({
      id: randomUUID(),
      source: '/waybill/orders',
      type: 'waybill.order.confirmed.v1',
      subject: orderId,
      time: new Date().toISOString(),
      version,
      partitionKey: orderId,
      correlationId: orderId,
    }),
  };
}

async function metric(name: string): Promise<string | undefined> {
  const text = await (await fetch(`${service.url}/metrics`)).text();
  return new RegExp(`^${name}\\{.*\\} (\\S+)$`, 'm').exec(text)?.[1];
}

it('brings events to their handler once, and what is no event to the dead-letter topic, with its bytes and headers', async () => {
  const orderId = randomUUID();
  const producer = kafka.producer();
  const event = orderConfirmed(orderId);
  const bytes = Buffer.from([0xff, 0x00, 0x7b]);
  await producer.publish([
    { topic: 'waybill.orders', key: orderId, value: bytes, headers: { stranger: Buffer.from([0xfe]) } },
    event,
    event,
  ]);
  const subscriptions = service.app.get(ShippingSubscriptions, { strict: false });
  await until(() => subscriptions.handled.length > 0, { timeoutMs: 30_000 });
  const dead = read(deadLetterTopic('waybill.orders', 'shipping'));
  const letter = await until(() => dead.records.find(({ key }) => key === orderId), { timeoutMs: 30_000 });
  await dead.stop();
  expect(letter.value).toEqual(bytes);
  expect(letter.rawHeaders['stranger']).toEqual(Buffer.from([0xfe]));
  expect(letter.headers).toMatchObject({
    waybill_dlt_topic: 'waybill.orders',
    waybill_dlt_offset: expect.stringMatching(/^\d+$/),
    waybill_dlt_reason: expect.stringContaining('ce_id is missing'),
  });
  // The copy was met, too: the partition went on behind all three records.
  await until(async () => (await (await fetch(`${service.url}/metrics`)).text()).includes('outcome="duplicate"'), {
    timeoutMs: 30_000,
  });
  expect(subscriptions.handled).toHaveLength(1);
  expect(subscriptions.handled[0]).toMatchObject({ subject: orderId, version: 2, data: { shipTo } });
  await producer.disconnect();
});

it('parks the events of an order that fails, goes on with the others, and heals in order', async () => {
  const [sick, well] = [randomUUID(), randomUUID()];
  const subscriptions = service.app.get(ShippingSubscriptions, { strict: false });
  subscriptions.failing.add(sick);
  const producer = kafka.producer();
  await producer.publish([orderConfirmed(sick, 2), orderConfirmed(sick, 3), orderConfirmed(well)]);
  await until(() => subscriptions.committedOrders.includes(well), { timeoutMs: 30_000 });
  await until(async () => (await database.query('SELECT 1 FROM parked')).length === 2);
  expect(await metric('waybill_parked_keys')).toBe('1');
  expect(await metric('waybill_parked_events')).toBe('2');
  expect(await metric('waybill_dead_events')).toBe('0');

  subscriptions.failing.clear();
  await until(() => subscriptions.committedOrders.filter((id) => id === sick).length === 2, { timeoutMs: 30_000 });
  const healed = subscriptions.handled.filter(({ subject }) => subject === sick);
  expect(healed.map(({ version }) => version)).toEqual([2, 3]);
  expect(await metric('waybill_parked_keys')).toBe('0');
  await producer.disconnect();
});

it('counts what is parked once for all metrics of a scrape', async () => {
  const query = vi.spyOn(service.app.get(DataSource).manager, 'query');
  const counts = () => query.mock.calls.filter(([sql]) => /count\([^]* FROM parked/.test(sql));
  expect(await metric('waybill_dead_events')).toBe('0');
  expect(counts()).toHaveLength(1);
  expect(await metric('waybill_parked_keys')).toBe('0');
  expect(counts()).toHaveLength(2);
  query.mockRestore();
});

it('does not start when it would forget events that can still come back', async () => {
  const refused = start(AppModule, { INBOX_RETENTION_DAYS: '10' });
  await expect(refused).rejects.toMatchObject({ exitCode: 78, message: expect.stringContaining('INBOX_RETENTION_DAYS') as string });
});

it('relays what a transaction appended', async () => {
  const orderId = randomUUID();
  const dataSource = service.app.get(DataSource);
  const outbox = service.app.get(Outbox);
  await transaction(dataSource, (manager) =>
    outbox.append(manager, {
      type: 'waybill.shipment.requested.v1',
      aggregateId: orderId,
      version: 1,
      orderId,
      data: { orderId, shipmentId: orderId },
      correlationId: orderId,
    }),
  );
  const sent = read('waybill.shipping');
  await until(() => sent.records.some(({ key }) => key === orderId), { timeoutMs: 30_000 });
  await sent.stop();
});

it('starts workers when the database is there, and stops them with the rest, not ready first', async () => {
  const clerk = service.app.get(Clerk, { strict: false });
  expect(clerk.life).toEqual(['started']);
  await service.shutdown.stop('spec');
  expect(clerk.life).toEqual(['started', 'stopped']);
  expect(service.app.get(DataSource).isInitialized).toBe(false);
});

it('names a class that no module provides', async () => {
  await expect(start(ForgetfulModule)).rejects.toThrow('ShippingSubscriptions is named in WaybillModule.forService');
});
