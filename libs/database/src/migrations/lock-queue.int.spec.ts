import { setTimeout as sleep } from 'node:timers/promises';
import { createTestDatabase, type TestDatabase } from '@waybill/testing';
import type { QueryRunner } from 'typeorm';
import { afterAll, beforeAll, describe, expect, inject, it } from 'vitest';
import { createConnection } from '../connection.js';
import { migrate } from '../migrate.js';
import type { Migration } from '../migration.js';

/*
 * What writers feel of an ALTER TABLE behind a transaction that has read the table and stays open for five seconds.
 */

const HOLD_MS = 5_000;
const LOCK_TIMEOUT_MS = 500;
const WRITERS = 4;
const EACH_MS = 20;
let database: TestDatabase;

beforeAll(async () => {
  database = await createTestDatabase(inject('postgresAdminUrl'), ['CREATE TABLE things (id bigint GENERATED ALWAYS AS IDENTITY, n integer)']);
});

afterAll(() => database.drop());

async function session(applicationName: string) {
  const client = createConnection({ url: database.url, applicationName });
  await client.connect();
  await client.query('SET lock_timeout = 0; SET idle_in_transaction_session_timeout = 0; SET statement_timeout = 0');
  return client;
}

/** 200 inserts a second by four writers, while the work goes on; how long each took, from the moment it was due. */
async function writing(work: () => Promise<void>): Promise<number[]> {
  const took: number[] = [];
  let ended = false;
  const write = async () => {
    const client = await session('writer');
    for (let due = performance.now(); !ended; due += EACH_MS) {
      await sleep(Math.max(0, due - performance.now()));
      await client.query('INSERT INTO things (n) VALUES (1)');
      took.push(performance.now() - due);
    }
    await client.end();
  };
  const writers = Array.from({ length: WRITERS }, write);
  await work().finally(() => {
    ended = true;
  });
  await Promise.all(writers);
  return took.toSorted((one, other) => one - other);
}

/** Somebody reads, and keeps the transaction open; resolves when it is open, and holds it for so long. */
async function holding(): Promise<{ readonly ended: Promise<void> }> {
  const reader = await session('reader');
  await reader.query('BEGIN');
  await reader.query('SELECT count(*) FROM things');
  const ended = sleep(HOLD_MS).then(async () => {
    await reader.query('COMMIT');
    await reader.end();
  });
  return { ended };
}

class AddName1764000000001 implements Migration {
  readonly lockTimeoutMs = LOCK_TIMEOUT_MS;

  async up(runner: QueryRunner): Promise<void> {
    await runner.query('ALTER TABLE things ADD COLUMN name text');
  }

  down(): Promise<void> {
    return Promise.resolve();
  }
}

describe('an ALTER TABLE behind a reader of 5 s', () => {
  it('stalls writers for no longer than its lock_timeout', async () => {
    const tries: string[] = [];
    const took = await writing(async () => {
      const { ended } = await holding();
      const ran = await migrate({
        url: database.url,
        applicationName: 'migrate',
        migrations: [AddName1764000000001],
        log: (message) => tries.push(message),
      });
      expect(ran).toEqual(['AddName1764000000001']);
      await ended;
    });
    const p99 = took[Math.ceil(took.length * 0.99) - 1] ?? 0;
    const max = took.at(-1) ?? 0;
    console.log(`${took.length} inserts, ${tries.length - 1} retries: p99 ${Math.round(p99)} ms, max ${Math.round(max)} ms`);
    expect(tries.length).toBeGreaterThan(2);
    expect(p99).toBeLessThan(1_000);
    expect(max).toBeLessThan(LOCK_TIMEOUT_MS + 200);
  });

  it('stalls them for all of it where it has none (the control, which must)', async () => {
    const took = await writing(async () => {
      const { ended } = await holding();
      const naive = await session('naive');
      await naive.query('ALTER TABLE things ADD COLUMN other text');
      await naive.end();
      await ended;
    });
    console.log(`control: max ${Math.round(took.at(-1) ?? 0)} ms`);
    expect(took.at(-1)).toBeGreaterThan(4_000);
  });
});
