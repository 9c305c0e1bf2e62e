import type { QueryRunner } from 'typeorm';
import { describe, expect, inject, it } from 'vitest';
import type { Migration, MigrationClass } from '../migration.js';
import { type Rehearsal, rehearse } from './rehearse.js';

/** A migration of these statements; the number is the moment of its making. */
function migration(number: number, statements: readonly string[], more: Partial<Migration> = {}): MigrationClass {
  const name = `Made${1_764_700_000_000 + number}`;
  return {
    [name]: class implements Migration {
      constructor() {
        Object.assign(this, more);
      }

      async up(runner: QueryRunner): Promise<void> {
        for (const statement of statements) {
          await runner.query(statement);
        }
      }

      async down(): Promise<void> {}
    },
  }[name] as MigrationClass;
}

const parcels = migration(1, [
  `CREATE TYPE colour AS ENUM ('red', 'green')`,
  `CREATE TABLE depots (id integer PRIMARY KEY, name varchar(12) NOT NULL UNIQUE)`,
  `CREATE TABLE parcels (
    id         uuid PRIMARY KEY,
    number     bigint GENERATED ALWAYS AS IDENTITY,
    depot_id   integer NOT NULL REFERENCES depots (id),
    heavier_id uuid REFERENCES parcels (id),
    state      text NOT NULL CHECK (state IN ('NEW', 'SENT', 'LOST')),
    colour     colour NOT NULL,
    weight     integer NOT NULL CHECK (weight BETWEEN 1 AND 30000),
    reserved   integer NOT NULL,
    carrier    text,
    tags       text[] NOT NULL,
    document   jsonb NOT NULL DEFAULT '{}',
    sent_at    timestamptz,
    CHECK (reserved BETWEEN 0 AND weight),
    CHECK (state <> 'SENT' OR (carrier IS NOT NULL AND sent_at IS NOT NULL))
  )`,
]);

const quick = { quietMs: 100, lockHolderMs: 0 };

interface Wishes {
  readonly lockHolderMs?: number;
  readonly rows?: number;
}

async function rehearseOne(made: MigrationClass, { lockHolderMs = 0, rows = 20_000 }: Wishes = {}): Promise<Rehearsal> {
  const [rehearsal] = await rehearse({
    ...quick,
    adminUrl: inject('postgresAdminUrl'),
    migrations: [parcels, made],
    names: [made.name],
    rows,
    lockHolderMs,
  });
  if (rehearsal === undefined) {
    throw new Error('nothing was rehearsed');
  }
  return rehearsal;
}

describe('a rehearsal', () => {
  it('convicts an ALTER that queues behind a reader without a time-out, and everybody behind it', async () => {
    const naive = migration(2, [`SET lock_timeout = 0`, `ALTER TABLE parcels ADD COLUMN note text`], { maxStallMs: 500 });
    const { measured, problem } = await rehearseOne(naive, { lockHolderMs: 2_500 });
    expect(measured.maxStallMs).toBeGreaterThan(1_500);
    expect(problem).toMatch(/made a writer wait \d+ ms behind a reader of 2500 ms, and declares maxStallMs 500/);
  });

  it('lets the same pass that gives up its place and comes back', async () => {
    const safe = migration(2, [`ALTER TABLE parcels ADD COLUMN note text`], { lockTimeoutMs: 300, maxStallMs: 1_200 });
    const { measured, problem } = await rehearseOne(safe, { lockHolderMs: 2_500 });
    expect(problem).toBeUndefined();
    expect(measured.tries).toBeGreaterThan(1);
    expect(measured.durationMs).toBeGreaterThan(2_000);
    expect(measured.rewritten).toEqual([]);
  });

  it('tells a rewrite, and not one where there is none', async () => {
    const volatile = migration(2, [`ALTER TABLE parcels ADD COLUMN token uuid NOT NULL DEFAULT gen_random_uuid()`], { maxStallMs: 60_000 });
    const constant = migration(2, [`ALTER TABLE parcels ADD COLUMN kind text NOT NULL DEFAULT 'box'`], { maxStallMs: 60_000 });
    expect((await rehearseOne(volatile)).measured.rewritten).toEqual(['parcels']);
    expect((await rehearseOne(constant)).measured.rewritten).toEqual([]);
  });

  // https://www.postgresql.org/docs/current/explicit-locking.html and the pages of the statements.
  it('knows which locks the statements take', async () => {
    const locks = {
      'ALTER TABLE parcels ADD COLUMN note text': 'AccessExclusiveLock',
      'CREATE INDEX parcels_state ON parcels (state)': 'ShareLock',
      'ALTER TABLE parcels ADD CONSTRAINT w CHECK (weight < 40000) NOT VALID': 'AccessExclusiveLock',
      'ALTER TABLE parcels VALIDATE CONSTRAINT w': 'ShareUpdateExclusiveLock',
      'CREATE TRIGGER t BEFORE UPDATE ON parcels FOR EACH ROW EXECUTE FUNCTION suppress_redundant_updates_trigger()':
        'ShareRowExclusiveLock',
      'UPDATE parcels SET carrier = carrier WHERE weight = 7': 'RowExclusiveLock',
    };
    const made = Object.keys(locks).map((statement, n) => migration(2 + n, [statement], { maxStallMs: 60_000 }));
    const rehearsals = await rehearse({
      ...quick,
      adminUrl: inject('postgresAdminUrl'),
      migrations: [parcels, ...made],
      names: made.map(({ name }) => name),
      rows: 1_000,
    });
    expect(rehearsals.map(({ measured }) => measured.lockModes['parcels']?.at(-1))).toEqual(Object.values(locks));
  });

  it('sees the lock of an index that is built concurrently, while it is built', async () => {
    const index = migration(2, ['CREATE INDEX CONCURRENTLY IF NOT EXISTS parcels_state ON parcels (state)'], { transaction: false, maxStallMs: 60_000 });
    const { measured, problem } = await rehearseOne(index);
    expect(problem).toBeUndefined();
    expect(measured.lockModes['parcels']?.at(-1)).toBe('ShareUpdateExclusiveLock');
  });

  it('measures a backfill on the rows that its predecessor has left', async () => {
    const expand = migration(2, ['ALTER TABLE parcels ADD COLUMN grams bigint'], { maxStallMs: 60_000 });
    const fill = migration(3, [], {
      phase: 'backfill',
      maxStallMs: 60_000,
      backfill: { table: 'parcels', key: 'id', statement: 'UPDATE parcels SET grams = weight * 1000 WHERE id = ANY ($1::uuid[]) AND grams IS NULL' },
    });
    const options = { adminUrl: inject('postgresAdminUrl'), migrations: [parcels, expand, fill], rows: 20_000, ...quick };
    const rehearsals = await rehearse({ ...options, names: [expand.name, fill.name] });
    expect(rehearsals.map(({ name, problem }) => [name, problem])).toEqual([
      [expand.name, undefined],
      [fill.name, undefined],
    ]);
    // Every row has been written once more.
    expect(rehearsals[1]?.measured.grownMb).toBeGreaterThan(0);
  });

  it('tells that a statement which was valid before is not any more', async () => {
    const required = migration(2, [`ALTER TABLE parcels ADD CONSTRAINT light CHECK (weight < 100) NOT VALID`, `ALTER TABLE parcels ADD COLUMN owner text NOT NULL DEFAULT 'me'`, `ALTER TABLE parcels ALTER COLUMN owner DROP DEFAULT`], { maxStallMs: 60_000 });
    const { problem } = await rehearseOne(required);
    expect(problem).toMatch(/made \d+ statements of the load fail, which are valid before and after it: .*"owner"/);
  });

  it('says which sample it needs where it cannot make up rows', async () => {
    const codes = migration(2, [`CREATE TABLE codes (code text PRIMARY KEY CHECK (code ~ '^[A-Z]{3}-\\d{8}$'))`]);
    const change = migration(3, ['ALTER TABLE codes ADD COLUMN note text'], { maxStallMs: 60_000 });
    const options = { adminUrl: inject('postgresAdminUrl'), rows: 1_000, ...quick };
    await expect(rehearse({ ...options, migrations: [codes, change], names: [change.name] })).rejects.toThrow(
      /No value was found for codes.code that satisfies .*rehearsalValues = \{ 'codes.code': "..." \}/,
    );
    const withSample = migration(3, ['ALTER TABLE codes ADD COLUMN note text'], {
      maxStallMs: 60_000,
      rehearsalValues: { 'codes.code': `'ABC-' || lpad(i::text, 8, '0')` },
    });
    const [rehearsal] = await rehearse({ ...options, migrations: [codes, withSample], names: [withSample.name] });
    expect(rehearsal?.problem).toBeUndefined();
  });

  it('names the migrations that there are to whoever asks for another', async () => {
    const nobody = rehearse({ adminUrl: inject('postgresAdminUrl'), migrations: [parcels], names: ['Nobody'] });
    await expect(nobody).rejects.toThrow(`Nobody is not one of the migrations, which are ${parcels.name}.`);
  });
});
