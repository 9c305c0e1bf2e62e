import { publishers } from '@waybill/contracts';
import { createTestDatabase, type TestDatabase, until } from '@waybill/testing';
import pg from 'pg';
import { DataSource } from 'typeorm';
import { afterEach, beforeEach, describe, expect, inject, it } from 'vitest';
import { discardHeld, releaseHeld } from './held-row.js';
import { Outbox } from './outbox.js';
import { OutboxArchiveCleaner } from './outbox-archive-cleaner.js';
import { listOutbox, showOutbox } from './outbox-listing.js';
import type { OutboxRecord } from './outbox-record.js';
import { OutboxRelay } from './outbox-relay.js';
import { OutboxSignal } from './outbox-signal.js';
import { outboxArchiveTables, outboxTables } from './outbox-tables.js';
import type { OutboxRelayOptions } from './relay-options.js';
import { republish } from './republish.js';

const silent = { info: () => undefined, warn: () => undefined, error: () => undefined };
const outbox = new Outbox('orders');
const longAgo = new Date('2020-01-01');

let database: TestDatabase;
let dataSource: DataSource;
let running: { stop(): Promise<void> }[];
let acknowledged: OutboxRecord[];

beforeEach(async () => {
  database = await createTestDatabase(inject('postgresAdminUrl'), [...outboxTables, ...outboxArchiveTables]);
  dataSource = await new DataSource({ type: 'postgres', url: database.url, installExtensions: false }).initialize();
  running = [];
  acknowledged = [];
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

async function commit(order: number, version: number): Promise<void> {
  const orderId = uuid(order);
  await dataSource.transaction((manager) =>
    outbox.append(manager, {
      type: 'waybill.order.rejected.v1',
      aggregateId: orderId,
      version,
      orderId,
      correlationId: 'test',
      data: { orderId, reason: 'none' },
    }),
  );
}

function relay(options: Partial<OutboxRelayOptions> = {}): OutboxRelay {
  const each = new OutboxRelay({
    source: publishers.orders.source,
    owner: 'test',
    connect,
    signal: new OutboxSignal(),
    log: silent,
    pollIntervalMs: 25,
    leaseTtlMs: 500,
    sendTimeoutMs: 300,
    archive: true,
    publish: (records) => {
      acknowledged.push(...records);
      return Promise.resolve();
    },
    ...options,
  });
  running.push(each);
  each.start();
  return each;
}

function told(order: number): number[] {
  return acknowledged.filter(({ key }) => key === uuid(order)).map(({ headers }) => Number(headers['ce_sequence']));
}

async function count(table: string): Promise<number> {
  const [row] = await database.query<{ count: string }>(`SELECT count(*) FROM ${table}`);
  return Number(row?.count);
}

const drained = (): Promise<boolean> => until(async () => (await count('outbox')) === 0);

describe('archive', () => {
  it('takes what Kafka has acknowledged, unchanged, and only that', async () => {
    await commit(1, 1);
    await commit(2, 1);
    const before = await database.query('SELECT id, seq, payload, occurred_at, version FROM outbox ORDER BY seq');
    relay({ batchRowsMax: 1 });
    await drained();
    expect(await database.query('SELECT id, seq, payload, occurred_at, version FROM outbox_archive ORDER BY seq')).toEqual(before);
  });

  it('is left alone when nothing is to be kept', async () => {
    await commit(1, 1);
    relay({ archive: false });
    await drained();
    expect(await count('outbox_archive')).toBe(0);
  });
});

describe('republish', () => {
  it('sends archived events again, with their ids and in order, before what waits of their aggregates', async () => {
    const first = relay();
    for (let version = 1; version <= 3; version++) {
      await commit(1, version);
    }
    await commit(2, 1);
    await drained();
    const ids = acknowledged.map(({ headers }) => headers['ce_id']);
    await first.stop();
    await commit(1, 4);
    acknowledged = [];
    const done = await dataSource.transaction((manager) =>
      republish(manager, { since: longAgo, aggregate: { type: 'order', id: uuid(1) } }),
    );
    expect(done).toEqual({ events: 3, aggregates: 1 });
    relay();
    await drained();
    expect(told(1)).toEqual([1, 2, 3, 4]);
    expect(told(2)).toEqual([]);
    expect(ids).toEqual(expect.arrayContaining(acknowledged.slice(0, 3).map(({ headers }) => headers['ce_id'])));
  });

  it('lets what a relay is sending at that moment be sent again, behind the archived events', async () => {
    let arrive: () => void = () => undefined;
    const arrival = new Promise<void>((resolve) => (arrive = resolve));
    let sending = false;
    relay({
      leaseTtlMs: 1_500,
      sendTimeoutMs: 1_000,
      publish: async (records) => {
        if (records.some(({ headers }) => Number(headers['ce_sequence']) === 3) && !sending) {
          sending = true;
          await arrival;
        }
        acknowledged.push(...records);
      },
    });
    await commit(1, 1);
    await commit(1, 2);
    await until(async () => (await count('outbox_archive')) === 2);
    await commit(1, 3);
    await until(() => sending);
    await dataSource.transaction((manager) => republish(manager, { since: longAgo }));
    arrive();
    await drained();
    expect(told(1)).toEqual([1, 2, 3, 1, 2, 3]);
  });

  it('lets no relay pass while it is under way', async () => {
    const sender = relay();
    await commit(1, 1);
    await drained();
    const runner = dataSource.createQueryRunner();
    await runner.startTransaction();
    await republish(runner.manager, { since: longAgo });
    await commit(1, 2);
    await until(
      async () =>
        (await database.query(`SELECT 1 FROM pg_locks WHERE NOT granted AND relation = 'outbox_leases'::regclass`)).length > 0,
    );
    await runner.commitTransaction();
    await runner.release();
    await drained();
    expect(told(1)).toEqual([1, 1, 2]);
    expect(sender.status().published).toBe(3);
  });

  it('comes to an end when it is called with one `until` again and again', async () => {
    relay();
    for (let order = 1; order <= 5; order++) {
      await commit(order, 1);
    }
    await drained();
    const end = new Date(Date.now() + 1);
    await until(() => Date.now() > end.getTime());
    const batches: number[] = [];
    for (let events = 1; events > 0; ) {
      ({ events } = await dataSource.transaction((manager) =>
        republish(manager, { since: longAgo, until: end, aggregatesMax: 2 }),
      ));
      batches.push(events);
      await drained();
    }
    expect(batches).toEqual([2, 2, 1, 0]);
    expect(acknowledged).toHaveLength(10);
  });

  it('refuses to work outside a transaction', async () => {
    await expect(republish(dataSource.manager, { since: longAgo })).rejects.toMatchObject({ code: 'OUTBOX_NOT_IN_TRANSACTION' });
  });
});

describe('archive cleaner', () => {
  async function archiveOld(days: number, rows: number): Promise<void> {
    await database.query(
      `INSERT INTO outbox_archive SELECT n + 1000000 * $1::int, gen_random_uuid(), 0, 't', 'a', n::text, 1, 'x', '{}', now(), 'k', 'c',
         NULL, NULL, NULL, NULL, NULL, NULL, now() - $1 * interval '1 day' FROM generate_series(1, $2::int) AS n`,
      [days, rows],
    );
  }

  it('removes what is older than its days, batch by batch, while relays go on', async () => {
    await archiveOld(8, 95);
    await archiveOld(6, 5);
    relay();
    const cleaner = new OutboxArchiveCleaner({ days: 7, connect, batchRowsMax: 10 });
    await cleaner.clean();
    for (let order = 1; order <= 20; order++) {
      await commit(order, 1);
    }
    await drained();
    await cleaner.clean();
    expect(await count('outbox_archive')).toBe(25);
    expect(acknowledged).toHaveLength(20);
  });

  it('is one at a time, and skips what somebody has in hand', async () => {
    await archiveOld(8, 3);
    const other = await connect();
    await other.query('BEGIN');
    await other.query(`SELECT pg_advisory_xact_lock(hashtext('waybill outbox archive cleaner'))`);
    const cleaner = new OutboxArchiveCleaner({ days: 7, connect });
    await cleaner.clean();
    expect(await count('outbox_archive')).toBe(3);
    await other.query('ROLLBACK');
    await other.query('BEGIN');
    await other.query('SELECT 1 FROM outbox_archive WHERE seq = (SELECT min(seq) FROM outbox_archive) FOR UPDATE');
    await cleaner.clean();
    expect(await count('outbox_archive')).toBe(1);
    await other.query('ROLLBACK');
    await cleaner.clean();
    expect(await count('outbox_archive')).toBe(0);
    await other.end();
  });
});

describe('raw rows', () => {
  const letter = {
    topic: 'waybill.orders.shipping.dlt',
    key: 'k\u0000ey',
    value: Buffer.from([0, 255, 128, 10]),
    headers: [
      ['ce_id', Buffer.from('not ours')],
      ['twice', Buffer.from([1])],
      ['twice', Buffer.from([254])],
      ['empty', Buffer.alloc(0)],
    ] as const,
    aggregateType: 'dlt:shipping',
    aggregateId: 'waybill.orders/0/17',
  };

  it('are sent with their own bytes and headers, and no others', async () => {
    await dataSource.transaction((manager) => outbox.appendRaw(manager, letter));
    await dataSource.transaction((manager) => outbox.appendRaw(manager, { ...letter, key: null, value: null, headers: [] }));
    relay();
    await drained();
    expect(acknowledged).toEqual([
      {
        topic: letter.topic,
        key: 'k\u0000ey',
        value: Buffer.from([0, 255, 128, 10]),
        headers: {
          ce_id: Buffer.from('not ours'),
          twice: [Buffer.from([1]), Buffer.from([254])],
          empty: Buffer.alloc(0),
        },
      },
      { topic: letter.topic, key: null, value: null, headers: {} },
    ]);
    expect(await count('outbox_archive')).toBe(0);
  });

  it('belong to the transaction of the caller', async () => {
    await expect(outbox.appendRaw(dataSource.manager, letter)).rejects.toMatchObject({ code: 'OUTBOX_NOT_IN_TRANSACTION' });
    const failure = dataSource.transaction(async (manager) => {
      await outbox.appendRaw(manager, letter);
      throw new Error('no');
    });
    await expect(failure).rejects.toThrow('no');
    expect(await count('outbox')).toBe(0);
  });
});

describe('held rows', () => {
  async function holdFirstOf(order: number): Promise<string> {
    const [row] = await database.query<{ id: string }>(
      `UPDATE outbox SET held = true, attempts = 1, error = 'MESSAGE_TOO_LARGE' WHERE aggregateid = $1 AND version = 1 RETURNING id`,
      [uuid(order)],
    );
    return row?.id ?? '';
  }

  it('are listed with what waits behind them, and shown with their payload', async () => {
    await commit(1, 1);
    await commit(1, 2);
    await commit(2, 1);
    const id = await holdFirstOf(1);
    const { manager } = dataSource;
    expect((await listOutbox(manager)).map(({ aggregateId, version, state }) => [aggregateId, version, state])).toEqual([
      [uuid(1), '1', 'held'],
      [uuid(1), '2', 'behind'],
      [uuid(2), '1', 'waiting'],
    ]);
    const [held] = await listOutbox(manager, { state: 'held' });
    expect(held).toMatchObject({ id, attempts: 1, error: 'MESSAGE_TOO_LARGE', type: 'waybill.order.rejected.v1' });
    expect(await listOutbox(manager, { aggregateId: uuid(2), state: 'held' })).toEqual([]);
    expect(await listOutbox(manager, { olderThanMs: 3_600_000 })).toEqual([]);
    expect(await listOutbox(manager, { limit: 1, afterSeq: held?.seq ?? '' })).toMatchObject([{ version: '2' }]);
    expect(await showOutbox(manager, id)).toMatchObject({ id, state: 'held', payload: expect.stringContaining(uuid(1)) as string });
    expect(await showOutbox(manager, uuid(9))).toBeUndefined();
  });

  it('are sent when they are released, and then those behind them', async () => {
    await commit(1, 1);
    await commit(1, 2);
    const id = await holdFirstOf(1);
    relay();
    await commit(2, 1);
    await until(() => told(2).length === 1);
    expect(told(1)).toEqual([]);
    expect(await dataSource.transaction((manager) => releaseHeld(manager, id))).toBe('done');
    await drained();
    expect(told(1)).toEqual([1, 2]);
    expect(await dataSource.transaction((manager) => releaseHeld(manager, id))).toBe('not-held');
  });

  it('are gone when they are discarded, and those behind them are sent', async () => {
    await commit(1, 1);
    await commit(1, 2);
    const id = await holdFirstOf(1);
    expect(await dataSource.transaction((manager) => discardHeld(manager, id))).toBe('done');
    relay();
    await drained();
    expect(told(1)).toEqual([2]);
  });
});
