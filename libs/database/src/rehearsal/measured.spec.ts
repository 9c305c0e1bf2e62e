import type { QueryRunner } from 'typeorm';
import { describe, expect, it } from 'vitest';
import type { Migration } from '../migration.js';
import { ledgerProblems, type Measured, problemOf } from './measured.js';
import { hashOf } from './migration-hash.js';

class AddNote1764600000000 implements Migration {
  readonly maxStallMs: number = 700;

  async up(runner: QueryRunner): Promise<void> {
    await runner.query('ALTER TABLE things ADD COLUMN note text');
  }

  async down(): Promise<void> {}
}

class Older1764500000000 extends AddNote1764600000000 {}

const measured: Measured = {
  maxStallMs: 650,
  p99Ms: 500,
  quietMaxMs: 20,
  rows: 1_000_000,
  lockHolderMs: 5_000,
  lockModes: { things: ['AccessExclusiveLock'] },
  durationMs: 5_200,
  tries: 5,
  rewritten: [],
  walMb: 3,
  grownMb: 1,
  postgres: '18.4',
  statements: await hashOf('AddNote1764600000000', new AddNote1764600000000()),
  date: '2026-11-25',
};
const name = AddNote1764600000000.name;

describe('the ledger', () => {
  it('is content with a measurement of these statements that holds what they declare', async () => {
    expect(await ledgerProblems([Older1764500000000, AddNote1764600000000], { [name]: measured })).toEqual([]);
  });

  it('wants every migration that is newer than it measured', async () => {
    expect(await ledgerProblems([Older1764500000000, AddNote1764600000000], {})).toEqual([
      { name, problem: 'has not been rehearsed' },
    ]);
  });

  it.each<[string, Partial<Measured>, RegExp]>([
    ['other statements', { statements: 'other' }, /is not as it was when it was measured/],
    ['a measurement on a few rows', { rows: 1_000 }, /was measured on 1000 rows behind a reader of 5000 ms, and should be on 1000000/],
    ['one without a reader', { lockHolderMs: 0 }, /should be on 1000000 behind one of 5000 ms/],
    ['a longer wait than declared', { maxStallMs: 4_506 }, /made a writer wait 4506 ms behind a reader of 5000 ms, and declares maxStallMs 700$/],
    ['a machine that is too busy to tell', { maxStallMs: 900, quietMaxMs: 800 }, /makes writers wait 800 ms without it: rehearse on a quieter one/],
  ])('refuses %s', async (_, different, words) => {
    const [problem] = await ledgerProblems([AddNote1764600000000], { [name]: { ...measured, ...different } });
    expect(problem?.problem).toMatch(words);
  });

  it('wants to know what is declared', () => {
    expect(problemOf(undefined, measured)).toBe('declares no maxStallMs; measured 650 ms');
  });
});

describe('the hash of a migration', () => {
  const made = (statement: string, more: Partial<Migration> = {}): Migration => ({
    up: async (runner) => {
      await runner.query(statement);
    },
    down: async () => undefined,
    ...more,
  });
  const of = (migration: Migration) => hashOf('X', migration);

  it('does not mind how the SQL is laid out, nor what is declared', async () => {
    expect(await of(made('ALTER TABLE a\n   ADD b text', { maxStallMs: 1 }))).toBe(await of(made('ALTER TABLE a ADD b text')));
  });

  it('changes with a statement, a limit, the transaction and the backfill', async () => {
    const backfill = { table: 'a', key: 'id', statement: 'UPDATE a SET b = c WHERE id = ANY ($1)' };
    const hashes = await Promise.all([
      of(made('ALTER TABLE a ADD b text')),
      of(made('ALTER TABLE a ADD c text')),
      of(made('ALTER TABLE a ADD b text', { lockTimeoutMs: 900 })),
      of(made('ALTER TABLE a ADD b text', { transaction: false })),
      of(made('ALTER TABLE a ADD b text', { backfill })),
      of(made('ALTER TABLE a ADD b text', { backfill: { ...backfill, batchRows: 5_000 } })),
    ]);
    expect(new Set(hashes).size).toBe(hashes.length);
  });

  it('cannot be told of a migration that asks the database first', async () => {
    const asks: Migration = { up: async (runner) => void (await runner.hasTable('a')), down: async () => undefined };
    await expect(of(asks)).rejects.toThrow('X should consist of SQL that is known before it runs');
  });
});
