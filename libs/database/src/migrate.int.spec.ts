import { createTestDatabase, type TestDatabase, until } from '@waybill/testing';
import { DataSource, type MigrationInterface, type QueryRunner } from 'typeorm';
import { afterEach, beforeEach, describe, expect, inject, it } from 'vitest';
import { createConnection } from './connection.js';
import { migrate, type MigrateSettings } from './migrate.js';
import type { Migration, MigrationClass } from './migration.js';
import { appliedMigrations } from './migrations/applied-migrations.js';

class CreateThings1764000000001 implements MigrationInterface {
  async up(runner: QueryRunner): Promise<void> {
    await runner.query('CREATE TABLE things (id integer PRIMARY KEY)');
  }

  async down(runner: QueryRunner): Promise<void> {
    await runner.query('DROP TABLE things');
  }
}

class AddName1764000000002 implements MigrationInterface {
  async up(runner: QueryRunner): Promise<void> {
    await runner.query('ALTER TABLE things ADD COLUMN name text');
  }

  async down(runner: QueryRunner): Promise<void> {
    await runner.query('ALTER TABLE things DROP COLUMN name');
  }
}

class IndexName1764000000003 implements Migration {
  readonly phase = 'expand' as const;
  readonly transaction = false;

  async up(runner: QueryRunner): Promise<void> {
    await runner.query('CREATE INDEX CONCURRENTLY IF NOT EXISTS things_name ON things (name)');
  }

  async down(runner: QueryRunner): Promise<void> {
    await runner.query('DROP INDEX CONCURRENTLY IF EXISTS things_name');
  }
}

class DropName1764000000004 implements Migration {
  readonly phase = 'contract' as const;

  async up(runner: QueryRunner): Promise<void> {
    await runner.query('ALTER TABLE things DROP COLUMN name');
  }

  async down(runner: QueryRunner): Promise<void> {
    await runner.query('ALTER TABLE things ADD COLUMN name text');
  }
}

class FillName1764000000005 implements Migration {
  readonly phase = 'backfill' as const;
  readonly backfill = { table: 'things', key: 'id', statement: `UPDATE things SET name = 'x' WHERE id = ANY ($1::int[])` };

  up(): Promise<void> {
    return Promise.resolve();
  }

  down(): Promise<void> {
    return Promise.resolve();
  }
}

const both = [CreateThings1764000000001, AddName1764000000002];
/** Sessions that wait for a lock. */
const WAITING = `SELECT 1 FROM pg_stat_activity WHERE wait_event_type = 'Lock' AND datname = current_database()`;
let database: TestDatabase;
let said: string[];

beforeEach(async () => {
  database = await createTestDatabase(inject('postgresAdminUrl'));
  said = [];
});

afterEach(() => database.drop());

function settings(migrations: readonly MigrationClass[] = both): MigrateSettings {
  return {
    url: database.url,
    applicationName: 'migrate',
    migrations,
    log: (message: string) => {
      said.push(message);
    },
  };
}

async function session(applicationName: string) {
  const client = createConnection({ url: database.url, applicationName });
  await client.connect();
  return client;
}

describe('migrate', () => {
  it('runs each migration once, though three runners start at the same time', async () => {
    const ran = await Promise.all([migrate(settings()), migrate(settings()), migrate(settings())]);
    expect(ran.map((names) => names.length).toSorted()).toEqual([0, 0, 2]);
    expect(said.filter((line) => line.startsWith('another runner is at it (migrate, pid '))).not.toEqual([]);
  });

  it('a runner that waits holds up no index of the runner in front of it', async () => {
    await migrate(settings());
    const reader = await session('reader');
    await reader.query('BEGIN ISOLATION LEVEL REPEATABLE READ');
    await reader.query('SELECT * FROM things');
    // The index waits for the reader's snapshot; then the second runner comes, and its snapshots are not waited for.
    const first = migrate(settings([...both, IndexName1764000000003]));
    await until(() => database.query(`SELECT 1 FROM pg_stat_activity WHERE query LIKE 'CREATE INDEX%' AND wait_event_type = 'Lock' AND datname = current_database()`).then((rows) => rows.length > 0));
    const second = migrate({ ...settings([...both, IndexName1764000000003]), applicationName: 'second' });
    await until(() => said.some((line) => line.startsWith('another runner is at it (migrate, pid ')));
    await reader.end();
    expect(await first).toEqual(['IndexName1764000000003']);
    expect(await second).toEqual([]);
  });

  it('keeps what worked and can be run again after one failed', async () => {
    class Fails1764000000003 implements MigrationInterface {
      async up(runner: QueryRunner): Promise<void> {
        await runner.query('ALTER TABLE things ADD COLUMN half text');
        await runner.query('SELECT 1 / 0');
      }

      down(): Promise<void> {
        return Promise.resolve();
      }
    }
    await expect(migrate(settings([...both, Fails1764000000003]))).rejects.toThrow(
      'Fails1764000000003 failed: division by zero. It was rolled back',
    );
    const columns = await database.query(`SELECT 1 FROM information_schema.columns WHERE table_name = 'things'`);
    expect(columns).toHaveLength(2);
    expect(await migrate(settings())).toEqual([]);
  });

  it('does not take a migration for done that swallowed the error of a statement', async () => {
    class Swallows1764000000003 implements MigrationInterface {
      async up(runner: QueryRunner): Promise<void> {
        await runner.query('ALTER TABLE things ADD COLUMN half text');
        await runner.query('SELECT 1 / 0').catch(() => undefined);
      }

      down(): Promise<void> {
        return Promise.resolve();
      }
    }
    await expect(migrate(settings([...both, Swallows1764000000003]))).rejects.toThrow('current transaction is aborted');
    expect((await appliedMigrations(database)).map(({ name }) => name)).toEqual(both.map(({ name }) => name));
  });

  it('gives up its place in the lock queue and comes back', async () => {
    await migrate(settings([CreateThings1764000000001]));
    const reader = await session('reader');
    await reader.query('BEGIN');
    await reader.query('SELECT * FROM things');
    const migrating = migrate({
      ...settings(),
      log: (message) => {
        said.push(message);
        // The reader ends only after the migration has let go of its lock once.
        void reader.end();
      },
    });
    expect(await migrating).toEqual(['AddName1764000000002']);
    expect(said[1]).toMatch(/^AddName1764000000002 did not get its lock within 500 ms, because of pid \d+ \(reader, idle in transaction/);
  });

  it('fails in the end, says who was in the way, and leaves nobody in the queue', async () => {
    await migrate(settings([CreateThings1764000000001]));
    const reader = await session('reader');
    await reader.query('BEGIN');
    await reader.query('SELECT * FROM things');
    await expect(migrate({ ...settings(), attemptsMax: 2 })).rejects.toThrow(
      /AddName1764000000002 did not get its lock within 500 ms, because of pid \d+ \(reader.*in 2 tries\. Nothing waits for it any more/,
    );
    expect(await database.query(WAITING)).toEqual([]);
    await reader.end();
  });

  it('upgrades a database that only TypeORM has migrated until now', async () => {
    const typeorm = new DataSource({ type: 'postgres', url: database.url, migrations: [...both], installExtensions: false });
    await typeorm.initialize();
    await typeorm.runMigrations({ transaction: 'each' });
    await typeorm.destroy();
    expect(await migrate(settings([...both, IndexName1764000000003]))).toEqual(['IndexName1764000000003']);
    expect(await appliedMigrations(database)).toEqual([
      { name: 'CreateThings1764000000001', phase: 'expand', at: undefined },
      { name: 'AddName1764000000002', phase: 'expand', at: undefined },
      { name: 'IndexName1764000000003', phase: 'expand', at: expect.any(Date) as Date },
    ]);
  });

  it('leaves a table behind that TypeORM itself can read', async () => {
    await migrate(settings());
    const typeorm = new DataSource({ type: 'postgres', url: database.url, migrations: [...both], installExtensions: false });
    await typeorm.initialize();
    expect(await typeorm.showMigrations()).toBe(false);
    await typeorm.destroy();
  });

  it('passes over a contract, which holds back nothing that comes after it', async () => {
    const all = [...both, DropName1764000000004, FillName1764000000005];
    expect(await migrate(settings(all))).toEqual([...both.map(({ name }) => name), 'FillName1764000000005']);
    expect(await migrate(settings(all))).toEqual([]);
  });

  it('runs one phase, up to the first migration of the other', async () => {
    class AddSize1764000000006 implements MigrationInterface {
      async up(runner: QueryRunner): Promise<void> {
        await runner.query('ALTER TABLE things ADD COLUMN size integer');
      }

      down(): Promise<void> {
        return Promise.resolve();
      }
    }
    const all = [...both, FillName1764000000005, AddSize1764000000006];
    expect(await migrate({ ...settings(all), phases: ['backfill'] })).toEqual([]);
    expect(await migrate({ ...settings(all), phases: ['expand'] })).toEqual(both.map(({ name }) => name));
    expect(said.at(-1)).toBe('stops before FillName1764000000005, which is of the phase backfill');
    expect(await migrate({ ...settings(all), phases: ['backfill'] })).toEqual(['FillName1764000000005']);
    expect(await migrate({ ...settings(all), to: 'AddName1764000000002' })).toEqual([]);
    expect(await migrate({ ...settings(all), to: 'AddSize1764000000006' })).toEqual(['AddSize1764000000006']);
    await expect(migrate({ ...settings(all), to: 'Nothing1764000000009' })).rejects.toThrow('There is no migration Nothing1764000000009');
  });

  it('creates tables as the owner role', async () => {
    await database.query(`DO $$ BEGIN CREATE ROLE migrate_spec_owner NOLOGIN; EXCEPTION WHEN duplicate_object THEN NULL; END $$`);
    await database.query(`GRANT CREATE, USAGE ON SCHEMA public TO migrate_spec_owner`);
    await migrate({ ...settings(), ownerRole: 'migrate_spec_owner' });
    expect(await database.query(`SELECT tableowner FROM pg_tables WHERE tablename = 'things'`)).toEqual([
      { tableowner: 'migrate_spec_owner' },
    ]);
  });

  it('lets the role of the service read what has run and write that it is alive, and nothing else of its own', async () => {
    await database.query(`DO $$ BEGIN CREATE ROLE migrate_spec_app NOLOGIN; EXCEPTION WHEN duplicate_object THEN NULL; END $$`);
    await database.query(`ALTER DEFAULT PRIVILEGES IN SCHEMA public GRANT SELECT, INSERT, UPDATE, DELETE ON TABLES TO migrate_spec_app`);
    await migrate({ ...settings(), appRole: 'migrate_spec_app' });
    const rights = await database.query<{ table: string; rights: string }>(
      `SELECT table_name AS table, string_agg(privilege_type, ' ' ORDER BY privilege_type) AS rights
         FROM information_schema.role_table_grants
        WHERE grantee = 'migrate_spec_app' AND (table_name = 'migrations' OR table_name LIKE 'schema\\_%')
        GROUP BY 1 ORDER BY 1`,
    );
    expect(rights).toEqual([
      { table: 'migrations', rights: 'SELECT' },
      { table: 'schema_backfills', rights: 'SELECT' },
      { table: 'schema_instances', rights: 'DELETE INSERT SELECT UPDATE' },
      { table: 'schema_phases', rights: 'SELECT' },
    ]);
  });
});
