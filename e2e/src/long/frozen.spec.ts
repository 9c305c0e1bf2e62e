import { setTimeout as sleep } from 'node:timers/promises';
import { type Service, services } from '@waybill/contracts';
import { until } from '@waybill/testing';
import { Kafka, logLevel } from 'kafkajs';
import pg from 'pg';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { allShippedOnce, OrderLoad, outcomeOf } from '../order-load.js';
import { Platform } from '../platform.js';
import { waybill } from '../waybill-command.js';

/*
 * Two instances of each service under load. One of them freezes for longer than its leases and its membership last,
 * wakes, and goes on with what it had in hand; nobody has told it that others have done it meanwhile.
 */

const INITIAL = 10_000;
const SHARDS = 64;
/** How much longer than everything that could be waiting for it: session time-out 10 s, lease 4.5 s. */
const FROZEN_MS = 15_000;

/** One version of an aggregate is one event: two of them would mean that its cause had an effect twice. */
const HANDLED_TWICE = `
  SELECT consumer, source, subject, sequence FROM inbox
  GROUP BY consumer, source, subject, sequence HAVING count(*) > 1`;

let platform: Platform;

beforeAll(async () => {
  platform = await Platform.start({ instances: 2 });
});

afterAll(async () => {
  await platform.stop();
});

async function expectAllShippedOnce(sku: string, ids: readonly string[]): Promise<void> {
  expect(ids.length).toBeGreaterThan(0);
  expect(await outcomeOf(platform, sku, ids)).toMatchObject(allShippedOnce(INITIAL, ids));
  for (const service of services) {
    expect(await platform.query(service, HANDLED_TWICE)).toEqual([]);
  }
  await until(
    async () => {
      const { exitCode, output } = await waybill(platform.home, 'reconcile', '--settle', '1s', '--older-than', '1s');
      if (exitCode !== 0) {
        throw new Error(output);
      }
      return true;
    },
    { timeoutMs: 30_000, intervalMs: 1_000, what: 'the three databases to fit together' },
  );
}

/** How many shards each relay of a service owns, by a lease that runs. */
async function ownersOf(service: Service): Promise<Map<string, number>> {
  const rows = await platform.query(
    service,
    'SELECT owner, count(*)::int FROM outbox_leases WHERE expires_at >= statement_timestamp() GROUP BY owner',
  );
  return new Map(rows.map(({ owner, count }) => [String(owner), Number(count)]));
}

async function untilShared(service: Service): Promise<void> {
  await until(async () => [...(await ownersOf(service)).values()].join() === `${SHARDS / 2},${SHARDS / 2}`, {
    timeoutMs: 30_000,
    what: `two relays of ${service} with half of the shards each`,
  });
}

async function untilOneOwnsAll(service: Service): Promise<void> {
  await until(async () => [...(await ownersOf(service)).values()].join() === String(SHARDS), {
    timeoutMs: 30_000,
    what: `one relay of ${service} with all shards`,
  });
}

/** Members of the service's consumer group that share its partitions. */
async function untilMembers(service: Service, members: number): Promise<void> {
  const kafka = new Kafka({ clientId: 'e2e', brokers: platform.brokers.split(','), logLevel: logLevel.NOTHING });
  const admin = kafka.admin();
  await admin.connect();
  try {
    await until(
      async () => {
        const [group] = (await admin.describeGroups([`waybill-${service}`])).groups;
        return group?.state === 'Stable' && group.members.length === members;
      },
      { timeoutMs: 60_000, what: `${members} members in the group of ${service}` },
    );
  } finally {
    await admin.disconnect();
  }
}

async function frozenFor(service: Service, startedAt: number): Promise<void> {
  await untilOneOwnsAll(service);
  await untilMembers(service, 1);
  await sleep(Math.max(0, FROZEN_MS - (performance.now() - startedAt)));
}

describe('an instance of orders, frozen for longer than lease and membership last', () => {
  it('is replaced by the other, and does no harm when it wakes', async () => {
    await platform.customer.setStock('FROZEN-1', INITIAL);
    await untilShared('orders');
    const ordering = new OrderLoad(platform, 'FROZEN-1');
    await sleep(1_000);
    const frozen = platform.process('orders');
    frozen.pause();
    try {
      await frozenFor('orders', performance.now());
    } finally {
      frozen.resume();
    }
    await untilShared('orders');
    await untilMembers('orders', 2);
    await expectAllShippedOnce('FROZEN-1', await ordering.stop());
  });
});

describe('an instance of inventory, frozen in the middle of a transaction', () => {
  it('loses its partitions to the other, and has no effect when it wakes', async () => {
    await platform.customer.setStock('FROZEN-2', INITIAL);
    await untilMembers('inventory', 2);
    const ordering = new OrderLoad(platform, 'FROZEN-2');
    await sleep(1_000);
    try {
      await freezeInMidTransaction('FROZEN-2', 1);
      await frozenFor('inventory', performance.now());
    } finally {
      platform.process('inventory').resume();
    }
    await untilShared('inventory');
    await untilMembers('inventory', 2);
    await expectAllShippedOnce('FROZEN-2', await ordering.stop());
  });
});

/** Freezes an instance while a transaction of its consumer waits for the row of this SKU; then the row is free, and it has it. */
async function freezeInMidTransaction(sku: string, instance: number): Promise<void> {
  const name = `waybill-inventory-${instance}`;
  const url = new URL(platform.postgres.adminUrl ?? '');
  url.pathname = '/inventory';
  const holder = new pg.Client({ connectionString: url.toString() });
  // On a connection of its own: within a transaction the picture of the others does not change.
  const watcher = new pg.Client({ connectionString: url.toString() });
  await Promise.all([holder.connect(), watcher.connect()]);
  const untilSome = (condition: string, what: string) =>
    until(
      async () => {
        const found = await watcher.query(`SELECT FROM pg_stat_activity WHERE application_name = $1 AND ${condition}`, [name]);
        return found.rowCount !== 0;
      },
      { timeoutMs: 30_000, intervalMs: 10, what: `a transaction of ${name} that ${what}` },
    );
  try {
    await holder.query('BEGIN');
    await holder.query('SELECT FROM stock WHERE sku = $1 FOR UPDATE', [sku]);
    await untilSome("wait_event_type = 'Lock'", `waits for ${sku}`);
    platform.process('inventory', instance).pause();
    await holder.query('COMMIT');
    await untilSome("state = 'idle in transaction'", 'waits for its frozen client');
  } finally {
    await Promise.all([holder.end(), watcher.end()]);
  }
}

describe('kill -9 of one instance of orders, which stays dead', () => {
  it('leaves its shards to the other', async () => {
    await platform.customer.setStock('DEAD-1', INITIAL);
    await untilShared('orders');
    const ordering = new OrderLoad(platform, 'DEAD-1');
    await sleep(1_000);
    const dead = platform.process('orders', 2);
    await dead.kill();
    const killedAt = performance.now();
    await untilOneOwnsAll('orders');
    console.log(`kill -9 of orders: its shards had a new owner after ${((performance.now() - killedAt) / 1_000).toFixed(1)} s`);
    await dead.start();
    await expectAllShippedOnce('DEAD-1', await ordering.stop());
  });
});

describe('Kafka killed under load', () => {
  it('loses nothing and doubles nothing', async () => {
    await platform.customer.setStock('KAFKA-9', INITIAL);
    const ordering = new OrderLoad(platform, 'KAFKA-9');
    await sleep(1_000);
    await platform.kafka.kill();
    await sleep(2_000);
    await platform.kafka.start();
    await Promise.all(services.map((service) => untilMembers(service, 2)));
    await expectAllShippedOnce('KAFKA-9', await ordering.stop());
  });
});
