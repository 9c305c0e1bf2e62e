import { randomUUID } from 'node:crypto';
import { createTestDatabase, type TestDatabase } from '@waybill/testing';
import { DataSource } from 'typeorm';
import { afterEach, beforeEach, describe, expect, inject, it } from 'vitest';
import { deadRecordTables } from './dead-record-tables.js';
import { InboxCleaner, lowestUuidOf } from './inbox-cleaner.js';
import { inboxTables } from './inbox-tables.js';
import { parkingTables } from './parking-tables.js';

const DAY_MS = 24 * 60 * 60 * 1_000;
const now = new Date('2026-11-25T00:00:00Z');
const daysAgo = (days: number) => new Date(now.getTime() - days * DAY_MS);

let database: TestDatabase;
let dataSource: DataSource;
let transactions: number;

beforeEach(async () => {
  database = await createTestDatabase(inject('postgresAdminUrl'), [
    ...inboxTables,
    ...parkingTables,
    ...deadRecordTables,
  ]);
  dataSource = await new DataSource({ type: 'postgres', url: database.url, installExtensions: false }).initialize();
  transactions = 0;
});

afterEach(async () => {
  await dataSource.destroy();
  await database.drop();
});

function cleaner(batchMax = 1_000): InboxCleaner {
  return new InboxCleaner({
    consumer: 'inventory',
    transaction: (run) => {
      transactions++;
      return dataSource.transaction(run);
    },
    retentionMs: 30 * DAY_MS,
    auditRetentionMs: 400 * DAY_MS,
    batchMax,
  });
}

/** A dedup row of an event that was written then, and processed then. */
async function row(written: Date, processed: Date, source = '/waybill/orders', consumer = 'inventory'): Promise<string> {
  const id = `${lowestUuidOf(written).slice(0, 24)}${randomUUID().slice(24)}`;
  await database.query(
    `INSERT INTO inbox (consumer, source, id, topic, partition, "offset", subject, sequence, processed_at)
     VALUES ($1, $2, $3, 't', 0, 0, 's', 1, $4)`,
    [consumer, source, id, processed],
  );
  return id;
}

async function left(): Promise<string[]> {
  return (await database.query<{ id: string }>('SELECT id FROM inbox')).map(({ id }) => id);
}

/** A record that was no event, with a reason that tells it from the others. */
async function deadRecord(reason: string, written: Date, buried: Date, consumer = 'inventory'): Promise<void> {
  await database.query(
    `INSERT INTO dead_records (consumer, topic, partition, "offset", record_timestamp, reason, at)
     SELECT $1, 't', 0, count(*), $2, $3, $4 FROM dead_records`,
    [consumer, written, reason, buried],
  );
}

async function deadRecordsLeft(): Promise<string[]> {
  return (await database.query<{ reason: string }>('SELECT reason FROM dead_records ORDER BY reason')).map(({ reason }) => reason);
}

async function audit(action: string, at: Date): Promise<void> {
  await database.query(`INSERT INTO audit (at, who, action, subject) VALUES ($1, 'anna', $2, '{}')`, [at, action]);
}

async function auditLeft(): Promise<string[]> {
  return (await database.query<{ action: string }>('SELECT action FROM audit ORDER BY id')).map(({ action }) => action);
}

describe('InboxCleaner', () => {
  it('removes a row only when its event and its processing are both older than the window', async () => {
    await row(daysAgo(31), daysAgo(31));
    const replayed = await row(daysAgo(31), daysAgo(1));
    const fromTheFuture = await row(daysAgo(1), daysAgo(31));
    const young = await row(daysAgo(1), daysAgo(1));
    expect(await cleaner().clean(now)).toBe(1);
    expect((await left()).sort()).toEqual([replayed, fromTheFuture, young].sort());
  });

  it('removes what came from every source, and nothing of another consumer', async () => {
    for (const source of ['/waybill/orders', '/waybill/inventory', '/waybill/shipping']) {
      await row(daysAgo(31), daysAgo(31), source);
    }
    const others = await row(daysAgo(31), daysAgo(31), '/waybill/orders', 'shipping');
    expect(await cleaner().clean(now)).toBe(3);
    expect(await left()).toEqual([others]);
  });

  it('an unbounded DELETE: each transaction removes a bounded number of rows', async () => {
    for (let n = 0; n < 7; n++) {
      await row(daysAgo(31), daysAgo(31), `/source/${n % 2}`);
    }
    expect(await cleaner(3).clean(now)).toBe(7);
    expect(transactions).toBe(4);
    expect(await left()).toEqual([]);
  });

  it('every node cleaning at once: while one cleans, the others leave it alone', async () => {
    await row(daysAgo(31), daysAgo(31));
    await dataSource.transaction(async (manager) => {
      await manager.query(`SELECT pg_advisory_xact_lock(hashtext('waybill.inbox-cleaner'))`);
      expect(await cleaner().clean(now)).toBe(0);
    });
    expect(await cleaner().clean(now)).toBe(1);
  });

  it('a table of errors that only grows: removes dead records that nothing can bring back', async () => {
    await deadRecord('old', daysAgo(40), daysAgo(31));
    await deadRecord('read again lately', daysAgo(40), daysAgo(1));
    await deadRecord('of a clock that is ahead', daysAgo(1), daysAgo(31));
    await deadRecord('young', daysAgo(1), daysAgo(1));
    await deadRecord("another consumer's", daysAgo(40), daysAgo(31), 'shipping');
    expect(await cleaner().clean(now)).toBe(1);
    expect(await deadRecordsLeft()).toEqual(["another consumer's", 'of a clock that is ahead', 'read again lately', 'young']);
  });

  it('finds old dead records without a look at those that stay', async () => {
    await database.query(`INSERT INTO dead_records (consumer, topic, partition, "offset", record_timestamp, reason)
      SELECT 'inventory', 't', 0, n, now(), 'rubbish' FROM generate_series(1, 20000) AS n`);
    await database.query('ANALYZE dead_records');
    await deadRecord('old', daysAgo(40), daysAgo(31));
    const statements = new Map<string, unknown[]>();
    await new InboxCleaner({
      consumer: 'inventory',
      transaction: (run) =>
        dataSource.transaction((manager) => {
          const query = manager.query.bind(manager);
          manager.query = ((statement: string, parameters: unknown[]) => {
            statements.set(statement, parameters);
            return query(statement, parameters);
          }) as typeof manager.query;
          return run(manager);
        }),
      retentionMs: 30 * DAY_MS,
      auditRetentionMs: 400 * DAY_MS,
    }).clean(now);
    const [statement, parameters] = [...statements].find(([each]) => each.includes('FROM dead_records')) ?? ['', []];
    const plan = await dataSource.query<unknown[]>(`EXPLAIN ${statement}`, parameters);
    expect(JSON.stringify(plan)).toContain('dead_records_at');
    expect(JSON.stringify(plan)).not.toContain('Seq Scan on dead_records');
  });

  it('keeps the audit for a time of its own', async () => {
    await audit('before last year', daysAgo(401));
    await audit('last year', daysAgo(399));
    await row(daysAgo(31), daysAgo(31));
    expect(await cleaner().clean(now)).toBe(2);
    expect(await auditLeft()).toEqual(['last year']);
  });

  it('removes a bounded number of rows a transaction, of all tables together', async () => {
    for (let n = 0; n < 3; n++) {
      await row(daysAgo(31), daysAgo(31));
      await deadRecord('old', daysAgo(40), daysAgo(31));
      await audit('old', daysAgo(401));
    }
    expect(await cleaner(2).clean(now)).toBe(9);
    expect(transactions).toBe(6);
    expect([await left(), await deadRecordsLeft(), await auditLeft()]).toEqual([[], [], []]);
  });
});
