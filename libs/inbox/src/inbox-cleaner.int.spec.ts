import { randomUUID } from 'node:crypto';
import { createTestDatabase, type TestDatabase } from '@waybill/testing';
import { DataSource } from 'typeorm';
import { afterEach, beforeEach, describe, expect, inject, it } from 'vitest';
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
  database = await createTestDatabase(inject('postgresAdminUrl'), [...inboxTables, ...parkingTables]);
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
});
