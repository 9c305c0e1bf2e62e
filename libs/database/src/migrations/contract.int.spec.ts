import { createTestDatabase, type TestDatabase, until } from '@waybill/testing';
import type { QueryRunner } from 'typeorm';
import { afterEach, beforeEach, describe, expect, inject, it } from 'vitest';
import { createConnection } from '../connection.js';
import { migrate } from '../migrate.js';
import type { Migration, MigrationClass } from '../migration.js';
import { appliedMigrations } from './applied-migrations.js';
import { contract } from './contract.js';
import { InstanceHeartbeat } from './instance-heartbeat.js';
import { liveInstances } from './live-instances.js';
import { migrationPlan, migrationStatus } from './migration-report.js';
import { schemaProblem } from './schema-problem.js';
import { stepBack } from './step-back.js';

class CreateOrders1764000000001 implements Migration {
  async up(runner: QueryRunner): Promise<void> {
    await runner.query('CREATE TABLE orders (id integer PRIMARY KEY, customer text)');
  }

  down(): Promise<void> {
    return Promise.reject(new Error('CreateOrders has no way back'));
  }
}

class AddRef1764000000002 implements Migration {
  readonly phase = 'expand' as const;
  readonly maxStallMs = 50;

  async up(runner: QueryRunner): Promise<void> {
    await runner.query('ALTER TABLE orders ADD COLUMN ref text');
  }

  async down(runner: QueryRunner): Promise<void> {
    await runner.query('ALTER TABLE orders DROP COLUMN ref');
  }
}

class DropCustomer1764000000003 implements Migration {
  readonly phase = 'contract' as const;

  async up(runner: QueryRunner): Promise<void> {
    await runner.query('ALTER TABLE orders DROP COLUMN customer');
  }

  async down(runner: QueryRunner): Promise<void> {
    await runner.query('ALTER TABLE orders ADD COLUMN customer text');
  }
}

const v1: MigrationClass[] = [CreateOrders1764000000001];
const v2: MigrationClass[] = [...v1, AddRef1764000000002];
const v3: MigrationClass[] = [...v2, DropCustomer1764000000003];
/** Sessions that wait for a lock. */
const WAITING = `SELECT 1 FROM pg_stat_activity WHERE wait_event_type = 'Lock' AND datname = current_database()`;
let database: TestDatabase;
let instances: InstanceHeartbeat[];
let warned: string[];

beforeEach(async () => {
  database = await createTestDatabase(inject('postgresAdminUrl'));
  instances = [];
  warned = [];
});

afterEach(async () => {
  await Promise.all(instances.map((instance) => instance.stop()));
  await database.drop();
});

function settings(migrations: readonly MigrationClass[]) {
  return { url: database.url, applicationName: 'migrate', migrations, log: () => undefined };
}

async function instance(schema: number): Promise<InstanceHeartbeat> {
  const heartbeat = new InstanceHeartbeat({
    database,
    service: 'orders',
    instance: `${schema} (pid 4711 on shop-7)`,
    version: '1.4.0',
    schema,
    warn: (message) => warned.push(message),
    periodMs: 20,
  });
  instances.push(heartbeat);
  await heartbeat.start();
  return heartbeat;
}

async function columns(): Promise<string[]> {
  const rows = await database.query<{ name: string }>(
    `SELECT column_name AS name FROM information_schema.columns WHERE table_name = 'orders' ORDER BY 1`,
  );
  return rows.map(({ name }) => name);
}

describe('a contract', () => {
  it('waits for what comes before it', async () => {
    await migrate(settings(v1));
    await expect(contract(settings(v3))).rejects.toThrow(
      'DropCustomer1764000000003 comes after AddRef1764000000002 (expand), which has not run. Run that first: waybill migrate expand.',
    );
  });

  it('is refused while an instance is alive that was built before it, named, and runs when that is gone', async () => {
    await migrate(settings(v3));
    await instance(1_764_000_000_003);
    const old = await instance(1_764_000_000_002);
    await expect(contract(settings(v3))).rejects.toThrow(
      /DropCustomer1764000000003 takes away what orders 1764000000002 \(pid 4711 on shop-7\), version 1\.4\.0, since 20\S+Z still uses\. Replace it by a version that knows/,
    );
    expect(await columns()).toEqual(['customer', 'id', 'ref']);
    await old.stop();
    expect(await contract(settings(v3))).toEqual(['DropCustomer1764000000003']);
    expect(await columns()).toEqual(['id', 'ref']);
    expect(await contract(settings(v3))).toEqual([]);
  });

  it('does not wait for an instance that was killed longer than 20 s ago', async () => {
    await migrate(settings(v3));
    await database.query(
      `INSERT INTO schema_instances (process, service, instance, version, schema, seen_at)
       VALUES (gen_random_uuid(), 'orders', '1', '1', 1, clock_timestamp() - interval '19 s')`,
    );
    await expect(contract(settings(v3))).rejects.toThrow('orders 1, version 1');
    await database.query(`UPDATE schema_instances SET seen_at = clock_timestamp() - interval '21 s'`);
    expect(await contract(settings(v3))).toEqual(['DropCustomer1764000000003']);
  });

  it('keeps an older instance from signing on unseen: that one waits, and then finds itself too old', async () => {
    await migrate(settings(v3));
    const reader = createConnection({ url: database.url, applicationName: 'reader' });
    await reader.connect();
    await reader.query('BEGIN');
    await reader.query('SELECT * FROM orders');
    // The guard has said yes, and the statement waits for the reader.
    const contracting = contract(settings(v3));
    await until(() => database.query(WAITING).then((rows) => rows.length > 0));
    const signingOn = instance(1_764_000_000_001);
    let signedOn = false;
    void signingOn.then(() => {
      signedOn = true;
    });
    await until(async () => signedOn || (await database.query(`${WAITING} AND query LIKE 'INSERT INTO schema_instances%'`)).length > 0);
    const early = signedOn;
    await reader.query('COMMIT');
    await reader.end();
    const outcome = await contracting.then(
      () => 'ran',
      () => 'refused',
    );
    await signingOn;
    // It may have lost its lock and come again: then it has seen the instance that signed on meanwhile.
    expect([early, outcome]).not.toEqual([true, 'ran']);
    expect(await schemaProblem(database, v1)).toBe(
      outcome === 'ran'
        ? 'is too old for DropCustomer1764000000003 (contract), which has run: it took away what this version needs'
        : undefined,
    );
  });

  it('is written down with who did it, or not done at all', async () => {
    await migrate(settings(v3));
    const audit = () => Promise.reject(new Error('no audit table'));
    await expect(contract({ ...settings(v3), audit })).rejects.toThrow('no audit table');
    expect(await columns()).toEqual(['customer', 'id', 'ref']);
  });
});

describe('the way back', () => {
  it('undoes the last, and only that', async () => {
    await migrate(settings(v2));
    await expect(stepBack({ ...settings(v2), name: 'CreateOrders1764000000001' })).rejects.toThrow(
      'CreateOrders1764000000001 cannot go back: the last that has run is AddRef1764000000002. Undo the later ones first.',
    );
    await stepBack({ ...settings(v2), name: 'AddRef1764000000002' });
    expect(await columns()).toEqual(['customer', 'id']);
    await expect(stepBack({ ...settings(v2), name: 'CreateOrders1764000000001' })).rejects.toThrow('CreateOrders has no way back');
    expect((await appliedMigrations(database)).map(({ name }) => name)).toEqual(['CreateOrders1764000000001']);
    expect(await migrate(settings(v2))).toEqual(['AddRef1764000000002']);
  });

  it('is refused while an instance needs it', async () => {
    await migrate(settings(v2));
    const current = await instance(1_764_000_000_002);
    await instance(1_764_000_000_001);
    await expect(stepBack({ ...settings(v2), name: 'AddRef1764000000002' })).rejects.toThrow(
      /AddRef1764000000002 cannot go back while orders 1764000000002 .* needs it\. Roll the service back/,
    );
    await current.stop();
    await stepBack({ ...settings(v2), name: 'AddRef1764000000002' });
  });

  it('of a contract makes room again for what it destroyed, though newer instances live', async () => {
    await migrate(settings(v3));
    await contract(settings(v3));
    await instance(1_764_000_000_003);
    await stepBack({ ...settings(v3), name: 'DropCustomer1764000000003' });
    expect(await columns()).toEqual(['customer', 'id', 'ref']);
    expect(await schemaProblem(database, v2)).toBeUndefined();
  });
});

describe('the schema and a build', () => {
  it('go together once all expands of the build have run, and until a contract that it does not know', async () => {
    expect(await schemaProblem(database, v2)).toBe(
      'needs CreateOrders1764000000001 (expand), which has not run (nor have 1 after it)',
    );
    await migrate(settings(v1));
    expect(await schemaProblem(database, v2)).toBe('needs AddRef1764000000002 (expand), which has not run');
    await migrate(settings(v2));
    expect(await schemaProblem(database, v1)).toBeUndefined();
    expect(await schemaProblem(database, v2)).toBeUndefined();
    expect(await schemaProblem(database, v3)).toBeUndefined();
    await contract(settings(v3));
    expect(await schemaProblem(database, v3)).toBeUndefined();
    expect(await schemaProblem(database, v2)).toMatch(/^is too old for DropCustomer1764000000003/);
  });
});

describe('an instance', () => {
  it('is seen while it beats, and gone when it has stopped', async () => {
    await migrate(settings(v1));
    const beating = await instance(1_764_000_000_001);
    const [first] = await liveInstances(database);
    await until(async () => ((await liveInstances(database))[0]?.seenAt ?? 0) > (first?.seenAt ?? 0));
    await beating.stop();
    expect(await liveInstances(database)).toEqual([]);
  });

  it('works on where it cannot be heard, says so once, and is heard again', async () => {
    await instance(1_764_000_000_001);
    expect(warned).toEqual(['the database does not hear that this instance is alive; a contract would not wait for it']);
    await migrate(settings(v1));
    await until(async () => (await liveInstances(database)).length === 1);
    expect(warned).toHaveLength(2);
  });
});

describe('plan and status', () => {
  it('tell what would run and what has, also before anybody has migrated', async () => {
    const [, second, third] = await migrationPlan(database, { migrations: v3 });
    expect(second).toEqual({
      name: 'AddRef1764000000002',
      phase: 'expand',
      statements: ['ALTER TABLE orders ADD COLUMN ref text'],
      transaction: true,
      lockTimeoutMs: 500,
      statementTimeoutMs: 15_000,
      maxStallMs: 50,
      backfill: undefined,
    });
    expect(third).toMatchObject({ name: 'DropCustomer1764000000003', phase: 'contract' });
    await migrate(settings(v3));
    await instance(1_764_000_000_001);
    expect(await migrationStatus(database, { migrations: v3 })).toMatchObject({
      applied: [{ name: 'CreateOrders1764000000001' }, { name: 'AddRef1764000000002', phase: 'expand' }],
      pending: [{ name: 'DropCustomer1764000000003', phase: 'contract' }],
      backfills: [],
      invalidIndexes: [],
      instances: [{ service: 'orders', schema: 1_764_000_000_001 }],
      runner: undefined,
    });
  });
});
