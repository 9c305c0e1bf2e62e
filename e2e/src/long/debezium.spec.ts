import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { partitionOf, publishers, services } from '@waybill/contracts';
import { until } from '@waybill/testing';
import { Kafka, logLevel } from 'kafkajs';
import pg from 'pg';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { connectorAddress } from '../debezium/connector-address.js';
import { DebeziumEngine } from '../debezium/debezium-engine.js';
import { type DebeziumProgram, debeziumProgram } from '../debezium/debezium-program.js';
import { debeziumDocument } from '../debezium/outbox-document.js';
import { header, type KafkaRecord, readTopics, writeRecords } from '../kafka-record.js';
import { Platform } from '../platform.js';

/*
 * The statements and the configuration of docs/patterns/outbox.md, under services none of which relays.
 */

const PASSWORD = 'log-reader';

const { program, reason } = await findProgram();

async function findProgram(): Promise<{ program?: DebeziumProgram; reason: string }> {
  try {
    return { program: await debeziumProgram((line) => console.log(line)), reason: '' };
  } catch (error) {
    return { reason: error instanceof Error ? (error.message.split('\n')[0] ?? '') : String(error) };
  }
}

let platform: Platform;
let folder: string;

describe.skipIf(program === undefined)(`Debezium in the relay's place${reason && ` (left out: ${reason})`}`, () => {
  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), 'waybill-debezium-'));
    platform = await Platform.start({ env: { ROLES: 'http,consumer' } });
    await asAdmin('postgres', "ALTER SYSTEM SET wal_level = 'logical'");
    await platform.postgres.stop();
    await platform.postgres.start();
  });

  afterAll(async () => {
    await platform.stop();
    await rm(folder, { recursive: true, force: true });
  });

  it('carries orders to their ends, configured as the page about the outbox says', async () => {
    const { customer } = platform;
    await customer.setStock('LOG-1', 10);
    await makeRawRow('before the snapshot');
    const inSnapshot = await customer.placed([{ sku: 'LOG-1', quantity: 1 }]);
    await prepareDatabases();

    let debezium = await startDebezium();
    try {
      expect(await customer.ended(inSnapshot.id)).toMatchObject({ status: 'SHIPPED' });
      const inStream = await customer.placed([{ sku: 'LOG-1', quantity: 2 }]);
      const refused = await customer.placed([{ sku: 'LOG-NONE', quantity: 1 }]);
      await makeRawRow('in the stream');
      expect(await customer.ended(inStream.id)).toMatchObject({ status: 'SHIPPED' });
      expect(await customer.ended(refused.id)).toMatchObject({ status: 'REJECTED' });
      await debezium.stop();

      const whileAway = await customer.placed([{ sku: 'LOG-1', quantity: 3 }]);
      expect(await customer.order(whileAway.id)).toMatchObject({ status: 'PLACED' });
      debezium = await startDebezium();
      expect(await customer.ended(whileAway.id)).toMatchObject({ status: 'SHIPPED' });
      await until(async () => (await customer.stock('LOG-1')).onHand === 4);
      expect(await customer.stock('LOG-1')).toMatchObject({ onHand: 4, reserved: 0 });
      await expectRowsInTopics();
      await heartbeatsArrive();
      expect(debezium.failure).toBeUndefined();
    } finally {
      await debezium.stop();
    }
  });
});

async function startDebezium(): Promise<DebeziumEngine> {
  if (program === undefined) {
    throw new Error(reason);
  }
  const { connector } = debeziumDocument();
  const connectors = services.map((service) => {
    const url = new URL(adminUrl(service));
    url.username = 'debezium';
    url.password = PASSWORD;
    return { ...connector(service), ...connectorAddress(url.toString()) };
  });
  return DebeziumEngine.start({ program, brokers: platform.brokers, folder, connectors });
}

async function prepareDatabases(): Promise<void> {
  const { serverStatements, databaseStatements } = debeziumDocument();
  await asAdmin('postgres', serverStatements.replace("'...'", `'${PASSWORD}'`));
  for (const service of services) {
    await asAdmin(service, databaseStatements(service));
  }
}

/** What is no event goes to the dead letters, in a raw row of whoever reads the topic. */
async function makeRawRow(value: string): Promise<void> {
  const count = async () => Number((await platform.query('inventory', 'SELECT count(*) FROM outbox WHERE raw IS NOT NULL'))[0]?.['count']);
  const before = await count();
  await writeRecords(platform.brokers, publishers.orders.topic, [{ key: 'no order', value }]);
  await until(async () => (await count()) === before + 1, { timeoutMs: 30_000, what: 'a dead letter in the outbox of inventory' });
}

/** They keep the slot moving where the table is quiet, and have no declared topic. */
async function heartbeatsArrive(): Promise<void> {
  const topics = services.map((service) => `__debezium-heartbeat.waybill-${service}`);
  const kafka = new Kafka({ clientId: 'e2e', brokers: platform.brokers.split(','), logLevel: logLevel.NOTHING });
  const admin = kafka.admin();
  await admin.connect();
  try {
    await until(async () => {
      const existing = await admin.listTopics();
      return topics.every((topic) => existing.includes(topic));
    }, { timeoutMs: 30_000, what: 'heartbeats of every connector' });
  } finally {
    await admin.disconnect();
  }
}

interface OutboxRow {
  readonly id: string;
  readonly payload: string;
  readonly headers: Readonly<Record<string, string | undefined>>;
  readonly occurredAt: Date;
}

/** Every row is in the topic, under its key, with every header, where our readers expect it; raw rows are not. */
async function expectRowsInTopics(): Promise<void> {
  for (const service of services) {
    const { topic, source } = publishers[service];
    const rows = await rowsOf(service);
    expect(rows.length).toBeGreaterThan(0);
    const records = await until(
      async () => {
        const events = (await readTopics(platform.brokers, [topic])).filter((record) => header(record, 'ce_id') !== undefined);
        return new Set(events.map((record) => header(record, 'ce_id'))).size === rows.length ? events : undefined;
      },
      { what: `all ${rows.length} rows of ${service} in its topic` },
    );
    for (const row of rows) {
      const record = records.find((each) => header(each, 'ce_id') === row.id);
      expect(record && whatIsIn(record, Object.keys(row.headers))).toEqual({
        key: row.headers['ce_partitionkey'],
        partition: partitionOf(topic, row.headers['ce_partitionkey'] ?? ''),
        value: row.payload,
        occurredAt: row.occurredAt,
        headers: { ...row.headers, ce_source: source },
      });
    }
  }
  const deadLetters = await readTopics(platform.brokers, ['waybill.orders.inventory.dlt', 'waybill.orders.shipping.dlt']);
  expect(deadLetters).toEqual([]);
}

function whatIsIn(record: KafkaRecord, names: readonly string[]) {
  return {
    key: record.key,
    partition: record.partition,
    value: record.value?.toString(),
    occurredAt: new Date(header(record, 'ce_time') ?? ''),
    headers: Object.fromEntries(names.map((name) => [name, header(record, name)])),
  };
}

async function rowsOf(service: (typeof services)[number]): Promise<OutboxRow[]> {
  const rows = await platform.query(service, 'SELECT * FROM outbox WHERE raw IS NULL');
  return rows.map((row) => {
    // Text throughout: the driver hands over a bigint as text, too.
    const text = (column: string) => (row[column] ?? undefined) as string | undefined;
    return {
      id: text('id') ?? '',
      payload: text('payload') ?? '',
      occurredAt: row['occurred_at'] as Date,
      headers: {
        'content-type': 'application/json',
        ce_specversion: '1.0',
        ce_source: undefined,
        ce_id: text('id'),
        ce_type: text('type'),
        ce_subject: text('aggregateid'),
        ce_sequence: text('version'),
        ce_partitionkey: text('partitionkey'),
        ce_correlationid: text('correlationid'),
        ce_causationid: text('causationid'),
        ce_deadline: text('deadline'),
        ce_flags: text('flags'),
        traceparent: text('traceparent'),
        tracestate: text('tracestate'),
        baggage: text('baggage'),
      },
    };
  });
}

function adminUrl(database: string): string {
  const url = new URL(platform.postgres.adminUrl ?? '');
  url.pathname = `/${database}`;
  return url.toString();
}

async function asAdmin(database: string, statements: string): Promise<void> {
  const client = new pg.Client({ connectionString: adminUrl(database) });
  await client.connect();
  try {
    await client.query(statements);
  } finally {
    await client.end();
  }
}
