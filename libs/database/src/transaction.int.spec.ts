import { createTestDatabase, type TestDatabase, until } from '@waybill/testing';
import type { DataSource } from 'typeorm';
import { afterEach, beforeEach, describe, expect, inject, it } from 'vitest';
import { createConnection } from './connection.js';
import { createDataSource } from './data-source.js';
import { isDatabaseUnavailable, sqlStateOf } from './database-errors.js';
import { transaction } from './transaction.js';

let database: TestDatabase;
let dataSource: DataSource;

beforeEach(async () => {
  database = await createTestDatabase(inject('postgresAdminUrl'), [
    'CREATE TABLE rows (id integer PRIMARY KEY, n integer NOT NULL)',
    'INSERT INTO rows VALUES (1, 0), (2, 0)',
    // Fails at COMMIT, where a deferred constraint is checked.
    'CREATE TABLE children (parent integer REFERENCES rows (id) DEFERRABLE INITIALLY DEFERRED)',
    // Ends its own session at COMMIT, when deferred triggers run.
    'CREATE TABLE fatal (id integer)',
    `CREATE FUNCTION die() RETURNS trigger LANGUAGE plpgsql AS $$
       BEGIN PERFORM pg_terminate_backend(pg_backend_pid()); PERFORM pg_sleep(1); RETURN NULL; END $$`,
    'CREATE CONSTRAINT TRIGGER fatal_commit AFTER INSERT ON fatal DEFERRABLE INITIALLY DEFERRED FOR EACH ROW EXECUTE FUNCTION die()',
  ]);
  dataSource = await createDataSource({ url: database.url, applicationName: 'test' }).initialize();
});

afterEach(async () => {
  await dataSource.destroy();
  await database.drop();
});

async function n(id: number): Promise<number | undefined> {
  return (await database.query<{ n: number }>('SELECT n FROM rows WHERE id = $1', [id]))[0]?.n;
}

describe('transaction', () => {
  it('commits, and returns what was returned', async () => {
    const result = await transaction(dataSource, async (manager) => {
      await manager.query('UPDATE rows SET n = 7 WHERE id = 1');
      return 'seven';
    });
    expect(result).toBe('seven');
    expect(await n(1)).toBe(7);
  });

  it('rolls back what an error leaves', async () => {
    const failure = transaction(dataSource, async (manager) => {
      await manager.query('UPDATE rows SET n = 7 WHERE id = 1');
      throw new Error('no');
    });
    await expect(failure).rejects.toThrow('no');
    expect(await n(1)).toBe(0);
  });

  it('runs both of two transactions that deadlock', async () => {
    let runs = 0;
    const met = deferred();
    let waiting = 0;
    const add = (first: number, second: number) =>
      transaction(dataSource, async (manager) => {
        runs++;
        await manager.query('UPDATE rows SET n = n + 1 WHERE id = $1', [first]);
        if (++waiting === 2) {
          met.resolve(undefined);
        }
        await met.promise;
        await manager.query('UPDATE rows SET n = n + 1 WHERE id = $1', [second]);
      });
    await Promise.all([add(1, 2), add(2, 1)]);
    expect([await n(1), await n(2)]).toEqual([2, 2]);
    expect(runs).toBe(3);
  });

  it('refuses to commit after a statement whose error was swallowed', async () => {
    const swallowed = transaction(dataSource, async (manager) => {
      await manager.query('UPDATE rows SET n = 7 WHERE id = 1');
      await manager.query('INSERT INTO rows VALUES (1, 0)').catch(() => undefined);
    });
    await expect(swallowed).rejects.toMatchObject({ code: 'TRANSACTION_ABORTED' });
    expect(await n(1)).toBe(0);
  });

  it('says that nobody knows when the connection is lost in COMMIT', async () => {
    const lost = transaction(dataSource, (manager) => manager.query('INSERT INTO fatal VALUES (1)'));
    await expect(lost).rejects.toMatchObject({ code: 'COMMIT_UNKNOWN' });
  });

  it('says that nothing has happened when the connection was lost before, and goes on with another one', async () => {
    const lost = transaction(dataSource, async (manager) => {
      const [row] = await manager.query<{ pid: number }[]>('SELECT pg_backend_pid() AS pid');
      await manager.query('UPDATE rows SET n = 7 WHERE id = 1');
      await database.query('SELECT pg_terminate_backend($1)', [row?.pid]);
      await until(async () => {
        const alive = await database.query('SELECT 1 FROM pg_stat_activity WHERE pid = $1', [row?.pid]);
        return alive.length === 0;
      });
    });
    const error = await lost.catch((caught: unknown) => caught);
    expect(isDatabaseUnavailable(error)).toBe(true);
    expect(await n(1)).toBe(0);
    await transaction(dataSource, (manager) => manager.query('UPDATE rows SET n = 8 WHERE id = 1'));
    expect(await n(1)).toBe(8);
  });

  it('sends statements that do not wait for each other at once, and answers each with its own rows', async () => {
    const answers = await transaction(dataSource, async (manager) => {
      const slow = manager.query<{ n: number }[]>('SELECT 1 AS n, pg_sleep(0.05)');
      const quick = Array.from({ length: 50 }, (_, n) => manager.query<{ n: number }[]>('SELECT $1::integer AS n', [n]));
      return Promise.all([slow, ...quick]);
    });
    expect(answers.map(([row]) => row?.n)).toEqual([1, ...Array.from({ length: 50 }, (_, n) => n)]);
  });

  it('loses all of a pipelined transaction when one statement fails, and tells of that one', async () => {
    const failure = transaction(dataSource, async (manager) => {
      const settled = await Promise.allSettled([
        manager.query('UPDATE rows SET n = 7 WHERE id = 1'),
        manager.query('INSERT INTO rows VALUES (1, 0)'),
        manager.query('UPDATE rows SET n = 8 WHERE id = 2'),
      ]);
      expect(settled.map(({ status }) => status)).toEqual(['fulfilled', 'rejected', 'rejected']);
    });
    await expect(failure).rejects.toMatchObject({ code: 'TRANSACTION_ABORTED' });
    expect([await n(1), await n(2)]).toEqual([0, 0]);
  });

  it('lets a constraint that fails at COMMIT through as it is', async () => {
    const failure = transaction(dataSource, (manager) => manager.query('INSERT INTO children VALUES (99)'));
    await expect(failure.catch(sqlStateOf)).resolves.toBe('23503');
  });

  it('gives up a lock after 2 s rather than queue behind a paused process', async () => {
    const holder = createConnection({ url: database.url, applicationName: 'holder' });
    await holder.connect();
    await holder.query('BEGIN');
    await holder.query('UPDATE rows SET n = 1 WHERE id = 1');
    const blocked = transaction(dataSource, (manager) => manager.query('UPDATE rows SET n = 2 WHERE id = 1'));
    const error = await blocked.catch((caught: unknown) => caught);
    expect(sqlStateOf(error)).toBe('55P03');
    expect(isDatabaseUnavailable(error)).toBe(true);
    await holder.end();
  });
});

/** Node 20 has no Promise.withResolvers. */
function deferred(): { promise: Promise<undefined>; resolve: (value: undefined) => void } {
  let resolve: (value: undefined) => void = () => undefined;
  const promise = new Promise<undefined>((done) => {
    resolve = done;
  });
  return { promise, resolve };
}
