import { type ChildProcess, spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import { createTestDatabase, type TestDatabase, until } from '@waybill/testing';
import type { QueryRunner } from 'typeorm';
import { afterEach, beforeAll, beforeEach, describe, expect, inject, it } from 'vitest';
import { createConnection } from '../connection.js';
import { migrate } from '../migrate.js';
import type { Migration, MigrationClass } from '../migration.js';

/*
 * Runners that are ended with kill -9, as the kernel ends them. Each is a process of its own, made of the same source as
 * the migrations here.
 */

const lib = join(import.meta.dirname, '../..');
const ROWS = 20_000;
let database: TestDatabase;
let runners: ChildProcess[];

beforeAll(() => {
  const tsc = join(lib, '../../node_modules/@typescript/native/bin/tsc');
  expect(spawnSync(process.execPath, [tsc, '-b', lib], { encoding: 'utf8' }).stdout).toBe('');
});

beforeEach(async () => {
  runners = [];
  database = await createTestDatabase(inject('postgresAdminUrl'), [
    'CREATE TABLE things (id bigint PRIMARY KEY, name text NOT NULL, ref text, filled integer NOT NULL DEFAULT 0)',
    `INSERT INTO things (id, name) SELECT n * 3, 'thing ' || n FROM generate_series(1, ${ROWS}) n`,
    'ANALYZE things',
  ]);
});

afterEach(async () => {
  runners.forEach((runner) => runner.kill('SIGKILL'));
  await database.drop();
});

const FILL = `UPDATE things SET ref = name, filled = filled + 1 WHERE id = ANY ($1::bigint[])`;

class FillRef1764000000001 implements Migration {
  readonly phase = 'backfill' as const;
  readonly backfill = { table: 'things', key: 'id', statement: FILL, batchRows: 100, pauseMs: 5 };

  up(): Promise<void> {
    return Promise.resolve();
  }

  down(): Promise<void> {
    return Promise.resolve();
  }
}

class IndexRef1764000000002 implements Migration {
  readonly transaction = false;

  async up(runner: QueryRunner): Promise<void> {
    await runner.query('CREATE INDEX CONCURRENTLY IF NOT EXISTS things_ref ON things (ref)');
  }

  async down(runner: QueryRunner): Promise<void> {
    await runner.query('DROP INDEX CONCURRENTLY IF EXISTS things_ref');
  }
}

class AddSize1764000000003 implements Migration {
  async up(runner: QueryRunner): Promise<void> {
    await runner.query('ALTER TABLE things ADD COLUMN size integer');
    await runner.query('SELECT pg_sleep(60)');
  }

  down(): Promise<void> {
    return Promise.resolve();
  }
}

/** The same migration in a process of its own, which can be killed. */
function runner(Class: MigrationClass): ChildProcess {
  const { phase, transaction, backfill } = new Class();
  const program = `
    import { migrate } from '@waybill/database';
    class ${Class.name} {
      ${phase === undefined ? '' : `phase = '${phase}';`}
      ${transaction === undefined ? '' : `transaction = ${transaction};`}
      ${backfill === undefined ? '' : `backfill = ${JSON.stringify(backfill)};`}
      ${/(async )?up\([^]*/.exec(Class.toString())?.[0] ?? '}'}
    await migrate({ url: ${JSON.stringify(database.url)}, applicationName: 'doomed', migrations: [${Class.name}], log: console.log });
  `;
  const child = spawn(process.execPath, ['--input-type=module', '-e', program], { cwd: lib, stdio: ['ignore', 'inherit', 'inherit'] });
  runners.push(child);
  return child;
}

async function kill(child: ChildProcess): Promise<void> {
  expect(child.exitCode, 'the runner ended by itself, too early').toBeNull();
  child.kill('SIGKILL');
  await once(child, 'exit');
}

function settings(migrations: readonly MigrationClass[], said: string[] = []) {
  return { url: database.url, applicationName: 'heir', migrations, log: (message: string) => said.push(message) };
}

describe('a runner that is killed', () => {
  it('at 40 % of a backfill leaves a beginning from which the next one goes on, every row once', async () => {
    const child = runner(FillRef1764000000001);
    await until(async () => {
      const [row] = await database.query<{ done: string }>('SELECT rows_done AS done FROM schema_backfills');
      return Number(row?.done) >= ROWS * 0.4;
    });
    await kill(child);
    const [before] = await database.query<{ done: string; last: string }>('SELECT rows_done AS done, last_key AS last FROM schema_backfills');
    const said: string[] = [];
    expect(await migrate(settings([FillRef1764000000001], said))).toEqual(['FillRef1764000000001']);
    expect(Number(before?.done)).toBeLessThan(ROWS);
    expect(said).toContainEqual(expect.stringMatching(/^FillRef1764000000001 goes on after \d{4,5} rows$/));
    expect(await database.query('SELECT filled, count(*)::int, bool_and(ref = name) AS right FROM things GROUP BY 1')).toEqual([
      { filled: 1, count: ROWS, right: true },
    ]);
    expect(await database.query('SELECT rows_done::int AS done, finished_at IS NOT NULL AS finished FROM schema_backfills')).toEqual([
      { done: ROWS, finished: true },
    ]);
  });

  it('in the middle of CREATE INDEX CONCURRENTLY leaves an invalid index, and the next one ends with a valid one', async () => {
    const reader = createConnection({ url: database.url, applicationName: 'reader' });
    await reader.connect();
    await reader.query('SET idle_in_transaction_session_timeout = 0');
    await reader.query('BEGIN ISOLATION LEVEL REPEATABLE READ');
    await reader.query('SELECT count(*) FROM things');
    const child = runner(IndexRef1764000000002);
    const invalid = () => database.query(`SELECT 1 FROM pg_index WHERE indexrelid = to_regclass('things_ref') AND NOT indisvalid`);
    await until(async () => (await invalid()).length === 1);
    await kill(child);
    // The server notices within a second that nobody is there any more, and only then the mutex is free.
    const said: string[] = [];
    const next = migrate(settings([IndexRef1764000000002], said));
    await until(() => said.find((line) => line.includes('the index things_ref is invalid')));
    await reader.end();
    expect(await next).toEqual(['IndexRef1764000000002']);
    expect(await invalid()).toEqual([]);
    expect(await database.query(`SELECT indisvalid AS valid FROM pg_index WHERE indexrelid = 'things_ref'::regclass`)).toEqual([{ valid: true }]);
  });

  it('inside a transaction leaves nothing, and the next one need not wait for its statement', async () => {
    const child = runner(AddSize1764000000003);
    await until(async () => (await database.query(`SELECT 1 FROM pg_stat_activity WHERE query LIKE '%pg_sleep(60)' AND state = 'active'`)).length === 1);
    await kill(child);
    class AddSizeWell1764000000003 implements Migration {
      async up(queries: QueryRunner): Promise<void> {
        await queries.query('ALTER TABLE things ADD COLUMN size integer');
      }

      down(): Promise<void> {
        return Promise.resolve();
      }
    }
    expect(await migrate(settings([AddSizeWell1764000000003]))).toEqual(['AddSizeWell1764000000003']);
  });
});
