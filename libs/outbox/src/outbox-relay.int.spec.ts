import { setTimeout as sleep } from 'node:timers/promises';
import { publishers } from '@waybill/contracts';
import { createTestDatabase, type TestDatabase, until } from '@waybill/testing';
import pg from 'pg';
import { DataSource, type EntityManager } from 'typeorm';
import { afterEach, beforeEach, describe, expect, inject, it } from 'vitest';
import { Outbox } from './outbox.js';
import { deleteAndRead, holdRow, type OutboxRecord } from './outbox-batch.js';
import { OutboxRelay, type OutboxRelayOptions } from './outbox-relay.js';
import { OutboxSignal } from './outbox-signal.js';
import { outboxTables } from './outbox-tables.js';
import { ShardLeases } from './shard-leases.js';

const silent = { info: () => undefined, warn: () => undefined, error: () => undefined };

let database: TestDatabase;
let dataSource: DataSource;
let running: { stop(): Promise<void> }[];
const outbox = new Outbox('orders');

beforeEach(async () => {
  database = await createTestDatabase(inject('postgresAdminUrl'), outboxTables);
  dataSource = await new DataSource({ type: 'postgres', url: database.url, installExtensions: false }).initialize();
  running = [];
});

afterEach(async () => {
  await Promise.all(running.map((each) => each.stop()));
  await dataSource.destroy();
  await database.drop();
});

async function connect(): Promise<pg.Client> {
  const client = new pg.Client({ connectionString: database.url });
  client.on('error', () => undefined);
  await client.connect();
  return client;
}

function uuid(index: number): string {
  return `01937fd1-0000-7000-8000-${String(index).padStart(12, '0')}`;
}

function rejected(order: number, version: number) {
  const orderId = uuid(order);
  return {
    type: 'waybill.order.rejected.v1' as const,
    aggregateId: orderId,
    version,
    orderId,
    correlationId: 'test',
    data: { orderId, reason: `version ${version}` },
  };
}

async function append(manager: EntityManager, order: number, version: number): Promise<void> {
  await outbox.append(manager, rejected(order, version));
}

async function commit(order: number, version: number): Promise<void> {
  await dataSource.transaction((manager) => append(manager, order, version));
}

/** A broker that remembers what it acknowledged. */
class Broker {
  readonly acknowledged: OutboxRecord[] = [];
  readonly publish = (records: readonly OutboxRecord[]): Promise<void> => {
    this.acknowledged.push(...records);
    return Promise.resolve();
  };

  get told(): string[] {
    return this.acknowledged.map(
      ({ key, headers }) => `${Number(key.slice(-12))}@${Number(headers['ce_sequence'] ?? Number.NaN)}`,
    );
  }
}

function relay(options: Partial<OutboxRelayOptions> & Pick<OutboxRelayOptions, 'publish'>): OutboxRelay {
  const signal = options.signal ?? new OutboxSignal();
  const each = new OutboxRelay({
    source: publishers.orders.source,
    owner: `test-${Math.random()}`,
    connect,
    signal,
    log: silent,
    pollIntervalMs: 25,
    ...options,
  });
  running.push(each);
  each.start();
  return each;
}

async function pending(): Promise<number> {
  const [row] = await database.query<{ count: string }>('SELECT count(*) FROM outbox');
  return Number(row?.count);
}

describe('append', () => {
  it('refuses to work outside a transaction', async () => {
    await expect(outbox.append(dataSource.manager, rejected(1, 1))).rejects.toMatchObject({
      code: 'OUTBOX_NOT_IN_TRANSACTION',
    });
    const runner = dataSource.createQueryRunner();
    await expect(outbox.append(runner.manager, rejected(1, 1))).rejects.toMatchObject({
      code: 'OUTBOX_NOT_IN_TRANSACTION',
    });
    await runner.release();
  });

  it('leaves nothing behind when the transaction is rolled back', async () => {
    const failure = dataSource.transaction(async (manager) => {
      await append(manager, 1, 1);
      throw new Error('the business said no');
    });
    await expect(failure).rejects.toThrow('the business said no');
    expect(await pending()).toBe(0);
  });

  it.each([
    ['data that breaks its schema', { ...rejected(1, 1), data: { orderId: 'x', reason: '' } }, 'orderId: '],
    ["another service's event", { ...rejected(1, 1), type: 'waybill.stock.released.v1' as never }, 'orders publishes'],
    ['version 0', rejected(1, 0), 'positive integer, got 0'],
  ])('refuses %s before the commit', async (_, event, problem) => {
    await expect(dataSource.transaction((manager) => outbox.append(manager, event))).rejects.toThrow(problem);
    expect(await pending()).toBe(0);
  });

  it('refuses a second event for one version of an aggregate', async () => {
    await commit(1, 1);
    await expect(commit(1, 1)).rejects.toMatchObject({ code: '23505' });
  });
});

describe('relay', () => {
  it('publishes what was committed and deletes it after the acknowledgement', async () => {
    const broker = new Broker();
    for (let order = 1; order <= 20; order++) {
      await commit(order, 1);
    }
    relay(broker);
    await until(async () => (await pending()) === 0);
    expect(broker.told).toEqual(Array.from({ length: 20 }, (_, index) => `${index + 1}@1`));
  });

  it('keeps every row until the broker acknowledges, and sends again in the same order', async () => {
    const broker = new Broker();
    let failures = 3;
    await commit(1, 1);
    await commit(1, 2);
    await commit(2, 1);
    const seenWhileFailing: number[] = [];
    relay({
      publish: async (records) => {
        if (failures-- > 0) {
          seenWhileFailing.push(await pending());
          throw new Error('no broker');
        }
        await broker.publish(records);
      },
    });
    await until(async () => (await pending()) === 0);
    expect(seenWhileFailing).toEqual([3, 3, 3]);
    expect(broker.told).toEqual(['1@1', '1@2', '2@1']);
  });

  it('publishes a row that commits after rows with a higher seq', async () => {
    const broker = new Broker();
    const late = dataSource.createQueryRunner();
    await late.startTransaction();
    await append(late.manager, 1, 1);
    await commit(2, 1);
    relay(broker);
    await until(() => broker.told.includes('2@1'));
    // Polls go by while the transaction is open: what is not committed must not be sent, nor passed over.
    await until(async () => (await pending()) === 0);
    expect(broker.told).toEqual(['2@1']);
    await late.commitTransaction();
    await late.release();
    await until(() => broker.told.length === 2);
    expect(broker.told).toEqual(['2@1', '1@1']);
  });

  it.each([1, 2, 1_000])('keeps versions in order when seq was drawn in another order (batches of %i)', async (rows) => {
    // Two writers drew their seq before they had the lock on the aggregate, and committed in the order of versions.
    const second = dataSource.createQueryRunner();
    await second.startTransaction();
    await append(second.manager, 1, 3);
    await commit(1, 2);
    await second.commitTransaction();
    await second.release();
    const broker = new Broker();
    relay({ ...broker, publish: broker.publish, batchRowsMax: rows });
    await until(() => broker.told.length >= 2);
    expect(broker.told).toEqual(['1@2', '1@3']);
  });

  it('holds only the aggregate of a record that the broker refuses, later versions included', async () => {
    const broker = new Broker();
    for (let order = 1; order <= 9; order++) {
      await commit(order, 1);
    }
    await commit(5, 2);
    await commit(6, 2);
    relay({
      publish: async (records) => {
        if (records.some(({ key, headers }) => key === uuid(5) && headers['ce_sequence'] === '0000000001')) {
          throw Object.assign(new Error('MESSAGE_TOO_LARGE'), { recordRefused: true });
        }
        await broker.publish(records);
      },
    });
    await until(() => broker.told.length === 9);
    await commit(5, 3);
    await commit(7, 2);
    await until(() => broker.told.includes('7@2'));
    expect(broker.told.filter((each) => each.startsWith('5@'))).toEqual([]);
    const left = await database.query('SELECT version, held, attempts, error FROM outbox ORDER BY version');
    expect(left).toEqual([
      { version: '1', held: true, attempts: 1, error: 'MESSAGE_TOO_LARGE' },
      { version: '2', held: false, attempts: 0, error: null },
      { version: '3', held: false, attempts: 0, error: null },
    ]);
  });

  it('lives on when its connections are cut, and loses nothing', async () => {
    const broker = new Broker();
    relay(broker);
    await commit(1, 1);
    await until(() => broker.told.length === 1);
    await database.query(
      'SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = current_database() AND pid <> pg_backend_pid()',
    );
    await until(async () => {
      await commit(2, 1);
      return true;
    });
    await until(() => broker.told.includes('2@1'));
  });

  it('is woken by a commit in its own process', async () => {
    const signal = new OutboxSignal();
    signal.watch(dataSource);
    const broker = new Broker();
    relay({ publish: broker.publish, signal, pollIntervalMs: 600_000 });
    for (let order = 1; order <= 5; order++) {
      await commit(order, 1);
      await until(() => broker.told.length === order, { timeoutMs: 5_000 });
    }
  });

  it('is woken by a commit in another process', async () => {
    const here = new OutboxSignal({ connect });
    const there = new OutboxSignal({ connect });
    here.start();
    there.start();
    running.push(here, there);
    there.watch(dataSource);
    const broker = new Broker();
    relay({ publish: broker.publish, signal: here, pollIntervalMs: 600_000 });
    await until(async () => (await database.query(`SELECT 1 FROM pg_stat_activity WHERE query ~ '^LISTEN'`)).length >= 2);
    for (let order = 1; order <= 5; order++) {
      await commit(order, 1);
      await until(() => broker.told.length === order, { timeoutMs: 5_000 });
    }
  });
});

describe('two relays', () => {
  it('never publish the same row at the same time, and together publish all', async () => {
    const inFlight = new Set<string>();
    const twice: string[] = [];
    const broker = new Broker();
    const publish = async (records: readonly OutboxRecord[]): Promise<void> => {
      const ids = records.map(({ headers }) => headers['ce_id'] ?? '');
      twice.push(...ids.filter((id) => inFlight.has(id)));
      ids.forEach((id) => inFlight.add(id));
      await sleep(5);
      ids.forEach((id) => inFlight.delete(id));
      await broker.publish(records);
    };
    const relays = [relay({ publish, batchRowsMax: 7 }), relay({ publish, batchRowsMax: 7 })];
    for (let order = 1; order <= 100; order++) {
      await commit(order, 1);
    }
    // The owner goes in mid-flow, and the other one takes over.
    await relays.find((each) => each.status().shards > 0)?.stop();
    for (let order = 1; order <= 100; order++) {
      await commit(order, 2);
    }
    await until(async () => (await pending()) === 0);
    expect(twice).toEqual([]);
    expect(broker.told).toHaveLength(200);
    for (let order = 1; order <= 100; order++) {
      expect(broker.told.filter((each) => each.startsWith(`${order}@`))).toEqual([`${order}@1`, `${order}@2`]);
    }
  });

  it('take over from one that stopped, at once', async () => {
    const first = new Broker();
    const stopping = relay({ publish: first.publish, leaseTtlMs: 600_000, sendTimeoutMs: 1_000 });
    await commit(1, 1);
    await until(() => first.told.length === 1);
    const second = new Broker();
    relay({ publish: second.publish, leaseTtlMs: 600_000, sendTimeoutMs: 1_000 });
    await stopping.stop();
    await commit(1, 2);
    await until(() => second.told.length === 1);
  });

  it('take over from one that died, after its lease', async () => {
    const client = await connect();
    const dead = new ShardLeases({ owner: 'dead', ttlMs: 300, now: () => performance.now() });
    expect(await dead.acquire(client)).toBe(64);
    await client.end();
    await commit(1, 1);
    const broker = new Broker();
    const successor = relay(broker);
    await until(() => successor.status().shards === 64);
    await until(() => broker.told.length === 1);
  });
});

describe('fencing', () => {
  it('lets a relay that was paused neither read nor delete nor hold', async () => {
    await commit(1, 1);
    const client = await connect();
    let clock = 0;
    const paused = new ShardLeases({ owner: 'paused', ttlMs: 50, now: () => clock });
    await paused.acquire(client);
    const stale = paused.held;
    const [row] = await deleteAndRead(client, stale, [], 10);
    expect(row?.version).toBe('1');
    const successor = new ShardLeases({ owner: 'successor', ttlMs: 60_000, now: () => clock });
    await until(async () => (await successor.acquire(client)) === 64);

    const seq = row?.seq ?? '';
    expect(await deleteAndRead(client, stale, [seq], 10)).toEqual([]);
    await holdRow(client, stale, seq, 'I am late');
    expect(await database.query('SELECT held FROM outbox')).toEqual([{ held: false }]);
    expect(await paused.renew(client)).toBe(0);
    expect((await deleteAndRead(client, successor.held, [], 10)).map((each) => each.seq)).toEqual([seq]);

    clock = 60_001;
    expect(successor.held.shards).toEqual([]);
    await client.end();
  });
});
