import { randomBytes } from 'node:crypto';
import { setTimeout as sleep } from 'node:timers/promises';
import { PostgreSqlContainer, type StartedPostgreSqlContainer } from '@testcontainers/postgresql';
import { publishers, type Service, services } from '@waybill/contracts';
import { freePort } from '@waybill/local';
import { until } from '@waybill/testing';
import pg from 'pg';
import { GenericContainer, type StartedTestContainer, Wait } from 'testcontainers';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { readTopics } from '../kafka-record.js';
import { Platform } from '../platform.js';
import { run } from './compose-project.js';
import { removeWhenGone } from './watchdog.js';

// The services against a Kafka and a Postgres that somebody else runs, as a company would have them: reached by
// WAYBILL_KAFKA_BROKERS and WAYBILL_*_DATABASE_URL, with one login that may change tables and one that may not.

const label = { 'waybill.test': randomBytes(4).toString('hex') };
let postgres: StartedPostgreSqlContainer | undefined;
let kafka: StartedTestContainer | undefined;
let platform: Platform | undefined;

beforeAll(async () => {
  // Testcontainers' own reaper would be one more image.
  process.env['TESTCONTAINERS_RYUK_DISABLED'] ??= 'true';
  removeWhenGone(`waybill.test=${label['waybill.test']}`);
  // Both to their end: one that is still being started while the other has failed would be left behind.
  const failures = (await Promise.allSettled([startPostgres(), startKafka()])).filter((each) => each.status === 'rejected');
  expect(failures).toEqual([]);
  await Promise.all(services.map(makeDatabase));
  platform = await Platform.start({
    env: {
      WAYBILL_INFRA: 'external',
      WAYBILL_KAFKA_BROKERS: brokers(),
      ...Object.fromEntries(
        services.flatMap((service) => [
          [`WAYBILL_${service.toUpperCase()}_DATABASE_URL`, urlOf(service, `${service}_a`)],
          [`WAYBILL_${service.toUpperCase()}_MIGRATION_URL`, urlOf(service, `${service}_migrator`)],
        ]),
      ),
    },
  });
});

afterAll(async () => {
  await platform?.stop();
  await Promise.all([postgres?.stop(), kafka?.stop()]);
});

async function startPostgres(): Promise<void> {
  postgres = await new PostgreSqlContainer('postgres:18').withLabels(label).start();
}

/** The image of docker-compose.yml. A broker tells its clients its own address, so the port is chosen beforehand. */
async function startKafka(): Promise<void> {
  const port = await freePort();
  kafka = await new GenericContainer('apache/kafka:4.3.1')
    .withLabels(label)
    .withExposedPorts({ container: 9092, host: port })
    .withEnvironment({
      KAFKA_HEAP_OPTS: '-Xmx256m -Xms128m',
      KAFKA_NODE_ID: '1',
      KAFKA_PROCESS_ROLES: 'broker,controller',
      KAFKA_LISTENERS: 'PLAINTEXT://:9092,CONTROLLER://:9093',
      KAFKA_ADVERTISED_LISTENERS: `PLAINTEXT://127.0.0.1:${port}`,
      KAFKA_LISTENER_SECURITY_PROTOCOL_MAP: 'PLAINTEXT:PLAINTEXT,CONTROLLER:PLAINTEXT',
      KAFKA_CONTROLLER_LISTENER_NAMES: 'CONTROLLER',
      KAFKA_CONTROLLER_QUORUM_VOTERS: '1@localhost:9093',
      KAFKA_AUTO_CREATE_TOPICS_ENABLE: 'false',
      KAFKA_OFFSETS_TOPIC_REPLICATION_FACTOR: '1',
      KAFKA_OFFSETS_TOPIC_NUM_PARTITIONS: '4',
      KAFKA_GROUP_INITIAL_REBALANCE_DELAY_MS: '0',
    })
    .withWaitStrategy(Wait.forLogMessage(/Kafka Server started/))
    .withStartupTimeout(120_000)
    .start();
}

function brokers(): string {
  return `127.0.0.1:${kafka?.getMappedPort(9092) ?? 0}`;
}

function urlOf(database: string, login: string): string {
  return `postgres://${login}:secret@127.0.0.1:${postgres?.getMappedPort(5432) ?? 0}/${database}`;
}

/** An owner that cannot log in, one login that may act as the owner, and the service's, which may only read and write. */
async function makeDatabase(service: Service): Promise<void> {
  const url = new URL(postgres?.getConnectionUri() ?? '');
  await query(url.toString(), [
    `CREATE ROLE ${service}_owner NOLOGIN`,
    `CREATE ROLE ${service}_migrator LOGIN PASSWORD 'secret' IN ROLE ${service}_owner`,
    `CREATE ROLE ${service}_a LOGIN PASSWORD 'secret'`,
    `CREATE DATABASE ${service} OWNER ${service}_owner`,
  ]);
  url.pathname = `/${service}`;
  await query(url.toString(), [
    `ALTER DEFAULT PRIVILEGES FOR ROLE ${service}_owner GRANT SELECT, INSERT, UPDATE, DELETE ON TABLES TO ${service}_a`,
    `ALTER DEFAULT PRIVILEGES FOR ROLE ${service}_owner GRANT USAGE, SELECT ON SEQUENCES TO ${service}_a`,
  ]);
}

async function query(url: string, statements: readonly string[]): Promise<Record<string, unknown>[]> {
  const client = new pg.Client({ connectionString: url });
  await client.connect();
  try {
    const results: Record<string, unknown>[] = [];
    for (const statement of statements) {
      results.push(...(await client.query<Record<string, unknown>>(statement)).rows);
    }
    return results;
  } finally {
    await client.end();
  }
}

function running(): Platform {
  if (platform === undefined) {
    throw new Error('the platform has not been started');
  }
  return platform;
}

describe('on a Postgres and a Kafka of somebody else', () => {
  it('the tables belong to the owner, and the service may not change them', async () => {
    for (const service of services) {
      const owners = await query(urlOf(service, `${service}_a`), [
        `SELECT DISTINCT tableowner FROM pg_tables WHERE schemaname = 'public'`,
      ]);
      expect(owners, service).toEqual([{ tableowner: `${service}_owner` }]);
      await expect(query(urlOf(service, `${service}_a`), ['DROP TABLE outbox'])).rejects.toThrow('must be owner');
    }
  });

  it('an order goes through outboxes, Kafka and inboxes to its end, once', async () => {
    const { customer } = running();
    await customer.setStock('TC-1', 10);
    const placed = await customer.placed([{ sku: 'TC-1', quantity: 3 }]);
    expect((await customer.ended(placed.id)).status).toBe('SHIPPED');
    await until(async () => (await customer.stock('TC-1')).onHand === 7);
    await running().caughtUp();

    const topics = services.map((service) => publishers[service].topic);
    const records = (await readTopics(brokers(), topics)).filter(({ key }) => key === placed.id);
    expect(records).toHaveLength(7);
    for (const service of services) {
      // What was acknowledged has left the outbox; what was read stands in the inbox with its place in Kafka.
      await until(async () => (await query(urlOf(service, `${service}_a`), ['SELECT FROM outbox'])).length === 0);
      const read = await query(urlOf(service, `${service}_a`), ['SELECT topic, partition, "offset"::text AS offset FROM inbox']);
      const sent = new Set(records.map(({ topic, partition, offset }) => `${topic}/${partition}/${offset}`));
      expect(read.length, service).toBeGreaterThan(0);
      for (const row of read) {
        expect(sent, service).toContain(`${String(row['topic'])}/${String(row['partition'])}/${String(row['offset'])}`);
      }
    }
  });

  it('orders are accepted while the broker is frozen, and shipped when it goes on', async () => {
    const { customer } = running();
    await customer.setStock('TC-2', 10);
    await run('docker', ['pause', kafka?.getId() ?? '']);
    const placed = [];
    try {
      for (let count = 0; count < 3; count++) {
        placed.push(await customer.placed([{ sku: 'TC-2', quantity: 1 }]));
        await sleep(2_000);
      }
      expect(await Promise.all(placed.map(async ({ id }) => (await customer.order(id)).status))).toEqual(Array(3).fill('PLACED'));
    } finally {
      await run('docker', ['unpause', kafka?.getId() ?? '']);
    }
    for (const { id } of placed) {
      expect((await customer.ended(id, 120_000)).status).toBe('SHIPPED');
    }
    await until(async () => (await customer.stock('TC-2')).onHand === 7);
  });
});
