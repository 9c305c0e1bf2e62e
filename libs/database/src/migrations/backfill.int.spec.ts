import { createTestDatabase, type TestDatabase, until } from '@waybill/testing';
import { afterEach, beforeEach, describe, expect, inject, it } from 'vitest';
import { createConnection } from '../connection.js';
import { migrate } from '../migrate.js';
import type { Backfill, Migration, MigrationClass } from '../migration.js';
import { migrationPlan, migrationStatus } from './migration-report.js';

/** Sessions that wait for a lock. */
const WAITING = `SELECT 1 FROM pg_stat_activity WHERE wait_event_type = 'Lock' AND datname = current_database()`;
let database: TestDatabase;
let said: string[];

beforeEach(async () => {
  said = [];
  database = await createTestDatabase(inject('postgresAdminUrl'), [
    'CREATE TABLE things (id uuid PRIMARY KEY DEFAULT gen_random_uuid(), n integer NOT NULL, ref text)',
    'INSERT INTO things (n) SELECT n FROM generate_series(1, 1000) n',
    'ANALYZE things',
  ]);
});

afterEach(() => database.drop());

const FILL = `UPDATE things SET ref = 'thing ' || n WHERE id = ANY ($1::uuid[])`;

function filling(backfill: Partial<Backfill> = {}): MigrationClass {
  return class Fill1764000000001 implements Migration {
    readonly name = 'Fill1764000000001';
    readonly phase = 'backfill' as const;
    readonly backfill = { table: 'things', key: 'id', statement: FILL, batchRows: 100, ...backfill };

    up(): Promise<void> {
      return Promise.resolve();
    }

    down(): Promise<void> {
      return Promise.resolve();
    }
  };
}

function settings(Class: MigrationClass) {
  return {
    url: database.url,
    applicationName: 'fill',
    migrations: [Class],
    log: (message: string) => {
      said.push(message);
    },
  };
}

async function session() {
  const client = createConnection({ url: database.url, applicationName: 'writer' });
  await client.connect();
  await client.query('SET idle_in_transaction_session_timeout = 0; SET lock_timeout = 0');
  return client;
}

describe('a backfill', () => {
  it('fills every row in batches that commit, and then it has run', async () => {
    await database.query('CREATE TABLE batches (xid xid8 PRIMARY KEY, rows integer)');
    const statement = `WITH filled AS (${FILL} RETURNING 1) INSERT INTO batches SELECT pg_current_xact_id(), count(*) FROM filled`;
    expect(await migrate(settings(filling({ statement })))).toEqual(['Fill1764000000001']);
    expect(await database.query(`SELECT rows, count(*)::int FROM batches GROUP BY 1`)).toEqual([{ rows: 100, count: 10 }]);
    expect(await database.query('SELECT 1 FROM things WHERE ref IS NULL')).toEqual([]);
    expect(await migrate(settings(filling()))).toEqual([]);
  });

  it('waits for a row that somebody else holds, gives way, and comes back', async () => {
    const writer = await session();
    await writer.query('BEGIN');
    await writer.query('UPDATE things SET n = n + 1 WHERE id = (SELECT max(id::text)::uuid FROM things)');
    const running = migrate(settings(filling()));
    await until(async () => {
      const { backfills } = await migrationStatus(database, { migrations: [filling()] });
      return backfills[0]?.rowsDone === 900 && backfills[0].estimatedRows === 1000;
    });
    // It does not keep its place in the row's queue: nobody waits while it pauses.
    await until(async () => (await database.query(WAITING)).length === 0);
    await writer.query('COMMIT');
    await writer.end();
    expect(await running).toEqual(['Fill1764000000001']);
    expect(await database.query('SELECT 1 FROM things WHERE ref IS NULL')).toEqual([]);
  });

  it('holds back while somebody waits for a lock on the table', async () => {
    const [holder, waiter] = [await session(), await session()];
    await holder.query('BEGIN');
    await holder.query('SELECT * FROM things LIMIT 1 FOR UPDATE');
    const altering = waiter.query('ALTER TABLE things ADD COLUMN other text');
    await until(async () => (await database.query(WAITING)).length === 1);
    const running = migrate(settings(filling()));
    await until(() => said.find((line) => line === 'Fill1764000000001: 0 rows of about 1000 (0 %), 0 a second; holds back: 1 session waits for a lock there'));
    await holder.query('COMMIT');
    await altering;
    expect(await running).toEqual(['Fill1764000000001']);
    await Promise.all([holder.end(), waiter.end()]);
  });

  it('holds back while a replica is behind', async () => {
    // A table of that name in front of the system's own stands for a replica.
    await database.query('CREATE SCHEMA fake');
    await database.query(`CREATE TABLE fake.pg_stat_replication AS SELECT interval '7 s' AS replay_lag, pg_current_wal_lsn() AS replay_lsn`);
    const name = new URL(database.url).pathname.slice(1);
    await database.query(`ALTER DATABASE ${name} SET search_path = public, fake, pg_catalog`);
    const running = migrate(settings(filling()));
    await until(() => said.find((line) => line.endsWith('holds back: a replica is 7.0 s behind')));
    expect(await database.query('SELECT count(*)::int AS n FROM things WHERE ref IS NOT NULL')).toEqual([{ n: 0 }]);
    await database.query(`UPDATE fake.pg_stat_replication SET replay_lag = interval '1 s'`);
    expect(await running).toEqual(['Fill1764000000001']);
  });

  it('stops after its batch when it is told to, and goes on there', async () => {
    const interruption = new AbortController();
    const running = migrate({ ...settings(filling({ batchRows: 10, pauseMs: 5 })), signal: interruption.signal });
    await until(async () => (await migrationStatus(database, { migrations: [filling()] })).backfills.some(({ rowsDone }) => rowsDone >= 100));
    interruption.abort();
    await expect(running).rejects.toThrow('Fill1764000000001 was interrupted. Run it again: it goes on where it was.');
    const [plan] = await migrationPlan(database, { migrations: [filling()] });
    expect(plan?.backfill).toMatchObject({ estimatedRows: 1000, rowsDone: expect.any(Number) as number });
    expect(await migrate(settings(filling()))).toEqual(['Fill1764000000001']);
    expect(await database.query('SELECT rows_done::int AS done FROM schema_backfills')).toEqual([{ done: 1000 }]);
  });

  it('by a key that may come twice or be null is refused: it would miss rows', async () => {
    await expect(migrate(settings(filling({ key: 'n' })))).rejects.toThrow(
      'Fill1764000000001 goes through things by n, and it may be null or come twice: expected a column that is NOT NULL and has a unique index of its own.',
    );
    await expect(migrate(settings(filling({ key: 'nothing' })))).rejects.toThrow('there is no such column');
  });

  it('that fails in a batch says where, and keeps the batches before it', async () => {
    await database.query(`ALTER TABLE things ADD CONSTRAINT small CHECK (n <= 1000)`);
    const statement = `UPDATE things SET n = CASE WHEN id = (SELECT max(id::text)::uuid FROM things) THEN 1001 ELSE n END, ref = 'x' WHERE id = ANY ($1::uuid[])`;
    await expect(migrate(settings(filling({ statement })))).rejects.toThrow(
      /Fill1764000000001 failed in the batch behind the key [0-9a-f-]{36}: .*violates check constraint "small".*The batches before it stay/,
    );
    expect(await database.query('SELECT count(*)::int AS n FROM things WHERE ref IS NOT NULL')).toEqual([{ n: 900 }]);
  });
});
