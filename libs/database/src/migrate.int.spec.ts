import { createTestDatabase, type TestDatabase } from '@waybill/testing';
import type { MigrationInterface, QueryRunner } from 'typeorm';
import { afterEach, beforeEach, describe, expect, inject, it } from 'vitest';
import { createConnection } from './connection.js';
import { migrate } from './migrate.js';

class CreateThings1764000000001 implements MigrationInterface {
  async up(runner: QueryRunner): Promise<void> {
    await runner.query('CREATE TABLE things (id integer)');
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

const both = [CreateThings1764000000001, AddName1764000000002];
let database: TestDatabase;
let said: string[];

beforeEach(async () => {
  database = await createTestDatabase(inject('postgresAdminUrl'));
  said = [];
});

afterEach(() => database.drop());

function settings(migrations = both) {
  return {
    url: database.url,
    applicationName: 'migrate',
    migrations,
    log: (message: string) => {
      said.push(message);
    },
  };
}

describe('migrate', () => {
  it('runs each migration once, though three runners start at the same time', async () => {
    const ran = await Promise.all([migrate(settings()), migrate(settings()), migrate(settings())]);
    expect(ran.map((names) => names.length).toSorted()).toEqual([0, 0, 2]);
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
    await expect(migrate(settings([...both, Fails1764000000003]))).rejects.toThrow('division by zero');
    const columns = await database.query(`SELECT 1 FROM information_schema.columns WHERE table_name = 'things'`);
    expect(columns).toHaveLength(2);
    expect(await migrate(settings())).toEqual([]);
  });

  it('gives up its place in the lock queue and comes back', async () => {
    await migrate(settings([CreateThings1764000000001]));
    const reader = createConnection({ url: database.url, applicationName: 'reader' });
    await reader.connect();
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
    expect(said[0]).toMatch(/did not get its lock within 1000 ms/);
  });

  it('creates tables as the owner role', async () => {
    await database.query(`DO $$ BEGIN CREATE ROLE migrate_spec_owner NOLOGIN; EXCEPTION WHEN duplicate_object THEN NULL; END $$`);
    await database.query(`GRANT CREATE, USAGE ON SCHEMA public TO migrate_spec_owner`);
    await migrate({ ...settings(), ownerRole: 'migrate_spec_owner' });
    expect(await database.query(`SELECT tableowner FROM pg_tables WHERE tablename = 'things'`)).toEqual([
      { tableowner: 'migrate_spec_owner' },
    ]);
  });
});
