import { randomUUID } from 'node:crypto';
import { declaredTopics, publishers } from '@waybill/contracts';
import { type ConsumedRecord, type EventProducer, KafkaClient } from '@waybill/kafka';
import { Outbox, outboxArchiveTables, OutboxRelay, OutboxSignal,outboxTables } from '@waybill/outbox';
import { createTestDatabase, type TestDatabase, until } from '@waybill/testing';
import pg from 'pg';
import { DataSource } from 'typeorm';
import { afterAll, beforeAll, expect, inject, it } from 'vitest';

const quiet = { debug: () => undefined, info: () => undefined, warn: () => undefined, error: () => undefined };
const outbox = new Outbox('orders');
const letters = 'waybill.orders.shipping.dlt';

let database: TestDatabase;
let dataSource: DataSource;
let kafka: KafkaClient;
let producer: EventProducer;
let relay: OutboxRelay | undefined;

beforeAll(async () => {
  kafka = new KafkaClient({ clientId: 'outbox-relay-spec', brokers: [inject('kafkaBrokers')], log: quiet });
  await kafka.ensureTopics(declaredTopics());
  producer = kafka.producer();
  database = await createTestDatabase(inject('postgresAdminUrl'), [...outboxTables, ...outboxArchiveTables]);
  dataSource = await new DataSource({ type: 'postgres', url: database.url, installExtensions: false }).initialize();
});

afterAll(async () => {
  await relay?.stop();
  await producer.disconnect();
  await kafka.close();
  await dataSource.destroy();
  await database.drop();
});

async function readUntil(topic: string, enough: (records: readonly ConsumedRecord[]) => boolean): Promise<ConsumedRecord[]> {
  const records: ConsumedRecord[] = [];
  const consumer = kafka.consumer({
    group: `outbox-relay-spec-${randomUUID()}`,
    topics: [topic],
    handle: async (chunk) => {
      records.push(...chunk);
    },
  });
  consumer.start();
  await until(() => enough(records), { timeoutMs: 30_000 });
  await consumer.stop();
  return records;
}

it('a batch that is too large for the broker is split until it fits, and only the row that never fits is held', async () => {
  const orderId = randomUUID();
  const other = randomUUID();
  // One key, so one partition and one record batch. The broker takes a little more than 1 MiB.
  for (let version = 1; version <= 5; version++) {
    await dataSource.transaction((manager) =>
      outbox.append(manager, {
        type: 'waybill.order.rejected.v1',
        aggregateId: version === 5 ? other : orderId,
        version,
        orderId,
        correlationId: 'spec',
        data: { orderId, reason: 'none' },
      }),
    );
  }
  // Random, because the broker's bound is on what goes over the wire.
  await database.query(
    `UPDATE outbox SET payload = (SELECT string_agg(md5(random()::text), '') FROM generate_series(1, CASE version WHEN 5 THEN 40000 ELSE 12000 END))`,
  );
  relay = new OutboxRelay({
    source: publishers.orders.source,
    owner: 'spec',
    connect: async () => {
      const client = new pg.Client({ connectionString: database.url });
      client.on('error', () => undefined);
      await client.connect();
      return client;
    },
    signal: new OutboxSignal(),
    log: quiet,
    pollIntervalMs: 25,
    // As if the relay did not know what the broker takes.
    batchBytesMax: 100_000_000,
    publish: (records) => producer.publish(records),
  });
  relay.start();
  await until(async () => (await database.query('SELECT 1 FROM outbox WHERE held')).length === 1);
  expect(await database.query('SELECT aggregateid, held, error FROM outbox')).toEqual([
    { aggregateid: other, held: true, error: expect.stringContaining('MESSAGE_TOO_LARGE') as string },
  ]);
  const records = await readUntil(publishers.orders.topic, (read) => read.filter(({ key }) => key === orderId).length >= 4);
  const versions = records.filter(({ key }) => key === orderId).map(({ headers }) => headers['ce_sequence']);
  expect([...new Set(versions)]).toEqual(['0000000001', '0000000002', '0000000003', '0000000004']);
});

it('a raw row reaches the broker with its own bytes and headers', async () => {
  const key = randomUUID();
  const value = Buffer.from([0, 255, 10, 13, 128]);
  await dataSource.transaction((manager) =>
    outbox.appendRaw(manager, {
      topic: letters,
      key,
      value,
      headers: [
        ['ce_id', Buffer.from('theirs')],
        ['waybill_dlt_reason', Buffer.from('no event')],
      ],
      aggregateType: 'dlt:shipping',
      aggregateId: key,
    }),
  );
  const records = await readUntil(letters, (read) => read.some((each) => each.key === key));
  const record = records.find((each) => each.key === key);
  expect(record?.headers).toEqual({ ce_id: 'theirs', waybill_dlt_reason: 'no event' });
  expect(record?.value).toEqual(value);
});
