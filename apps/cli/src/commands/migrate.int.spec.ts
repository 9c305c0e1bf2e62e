import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { InstanceHeartbeat, type Migration } from '@waybill/database';
import { inboxTables, parkingTables } from '@waybill/inbox';
import { createTestDatabase, type TestDatabase } from '@waybill/testing';
import type { QueryRunner } from 'typeorm';
import { afterEach, beforeEach, describe, expect, inject, it } from 'vitest';
import { type CommandTable, runCommand } from '../command.js';
import { RefusedError, UnavailableError } from '../command-errors.js';
import { migrateCommand } from './migrate.js';

class AddRef1764000000001 implements Migration {
  readonly maxStallMs = 50;

  async up(runner: QueryRunner): Promise<void> {
    await runner.query('ALTER TABLE things ADD COLUMN ref text');
  }

  async down(runner: QueryRunner): Promise<void> {
    await runner.query('ALTER TABLE things DROP COLUMN ref');
  }
}

class FillRef1764000000002 implements Migration {
  readonly phase = 'backfill' as const;
  readonly backfill = { table: 'things', key: 'id', statement: 'UPDATE things SET ref = name WHERE id = ANY ($1::int[])' };

  up(): Promise<void> {
    return Promise.resolve();
  }

  down(): Promise<void> {
    return Promise.resolve();
  }
}

class DropName1764000000003 implements Migration {
  readonly phase = 'contract' as const;

  async up(runner: QueryRunner): Promise<void> {
    await runner.query('ALTER TABLE things DROP COLUMN name');
  }

  async down(runner: QueryRunner): Promise<void> {
    await runner.query('ALTER TABLE things ADD COLUMN name text');
  }
}

const commands: CommandTable = {
  migrate: migrateCommand(() => Promise.resolve([AddRef1764000000001, FillRef1764000000002, DropName1764000000003])),
};
let home: string;
let database: TestDatabase;
let url: string;
let said: string[];

beforeEach(async () => {
  home = mkdtempSync(join(tmpdir(), 'waybill-migrate-'));
  database = await createTestDatabase(inject('postgresAdminUrl'), [
    ...inboxTables,
    ...parkingTables,
    'CREATE TABLE things (id integer PRIMARY KEY, name text)',
    `INSERT INTO things SELECT n, 'thing ' || n FROM generate_series(1, 10) n`,
    'ANALYZE things',
  ]);
  url = database.url;
});

afterEach(async () => {
  await database.drop();
  rmSync(home, { recursive: true, force: true });
});

async function waybill(...args: string[]): Promise<{ exitCode: number; text: string; json: never }> {
  const printed: string[] = [];
  said = [];
  const exitCode = await runCommand(
    commands,
    ['migrate', ...args],
    {
      env: { WAYBILL_HOME: home, WAYBILL_INVENTORY_MIGRATION_URL: url },
      print: (line) => printed.push(line),
      say: (line) => said.push(line),
      colour: false,
    },
    '',
  );
  const text = printed.join('\n');
  return { exitCode, text, json: (args.includes('--json') ? JSON.parse(text) : undefined) as never };
}

describe('waybill migrate', () => {
  it('goes phase by phase, and tells at each step what has run and what has not', async () => {
    const plan = await waybill('plan');
    expect(plan.exitCode).toBe(0);
    expect(plan.text).toBe(
      [
        '  inventory',
        '    expand   AddRef1764000000001',
        '      lock_timeout 500 ms, statement_timeout 15000 ms, stalls a writer for 50 ms at most',
        '      ALTER TABLE things ADD COLUMN ref text',
        '    backfill FillRef1764000000002',
        '      lock_timeout 500 ms, statement_timeout 15000 ms, no stall declared, about 10 rows of things by id, 1000 at a time',
        '      UPDATE things SET ref = name WHERE id = ANY ($1::int[])',
        '    contract DropName1764000000003',
        '      lock_timeout 500 ms, statement_timeout 15000 ms, no stall declared, only by `migrate contract`',
        '      ALTER TABLE things DROP COLUMN name',
      ].join('\n'),
    );
    await expect(waybill('contract', '--yes')).rejects.toThrow('comes after AddRef1764000000001 (expand), which has not run');
    expect((await waybill('expand')).text).toBe('  inventory: AddRef1764000000001');
    expect(said).toContain('  … inventory: stops before FillRef1764000000002, which is of the phase backfill');
    expect((await waybill('backfill', '--json')).json).toEqual([{ service: 'inventory', migrations: ['FillRef1764000000002'] }]);
    const status = await waybill('status');
    expect(status.text).toMatch(/AddRef1764000000001 +expand +has run 20\S+Z\n/);
    expect(status.text).toMatch(/DropName1764000000003 +contract +pending: waybill migrate contract, after the roll-out$/);
    expect((await waybill('contract', '--yes', '--as', 'anna', '--reason', 'all on 2.0')).text).toBe('  inventory: DropName1764000000003');
    expect((await waybill('contract', '--yes')).text).toBe('  inventory: nothing to do');
    expect((await waybill('plan')).text).toBe('  inventory\n    nothing is pending');
    expect(await database.query('SELECT who, action, subject, reason FROM audit')).toEqual([
      { who: 'anna', action: 'migrate.contract', subject: { migration: 'DropName1764000000003' }, reason: 'all on 2.0' },
    ]);
  });

  it('asks before it destroys, and takes silence for no', async () => {
    await waybill('expand');
    await waybill('backfill');
    await expect(waybill('contract')).rejects.toThrow(
      /takes away for ever.*inventory: DropName1764000000003\n {4}ALTER TABLE things DROP COLUMN name\n Nothing was done: say --yes/s,
    );
    await expect(waybill('back', 'FillRef1764000000002')).rejects.toThrow(RefusedError);
    expect((await waybill('plan', '--json')).json).toMatchObject([{ migrations: [{ name: 'DropName1764000000003' }] }]);
  });

  it('names the instance that a contract waits for', async () => {
    await waybill('expand');
    await waybill('backfill');
    const old = new InstanceHeartbeat({
      database,
      service: 'inventory',
      instance: '2 (pid 4711 on shop-7)',
      version: '1.4.0',
      schema: 1_764_000_000_001,
      warn: () => undefined,
    });
    await old.start();
    await expect(waybill('contract', '--yes')).rejects.toThrow(
      /DropName1764000000003 takes away what inventory 2 \(pid 4711 on shop-7\), version 1\.4\.0, since/,
    );
    expect((await waybill('status')).text).toContain('alive: inventory 2 (pid 4711 on shop-7), version 1.4.0, schema 1764000000001');
    await old.stop();
    expect((await waybill('contract', '--yes')).exitCode).toBe(0);
  });

  it('goes back by the last that has run, and writes down who did', async () => {
    await waybill('expand');
    await waybill('backfill');
    await expect(waybill('back', 'AddRef1764000000001', '--yes')).rejects.toThrow('the last that has run is FillRef1764000000002');
    expect((await waybill('back', 'FillRef1764000000002', '--yes')).text).toBe('  inventory: FillRef1764000000002');
    expect((await waybill('back', 'AddRef1764000000001', '--yes', '--as', 'anna')).exitCode).toBe(0);
    expect(await database.query('SELECT action, subject FROM audit ORDER BY id')).toEqual([
      { action: 'migrate.back', subject: { migration: 'FillRef1764000000002' } },
      { action: 'migrate.back', subject: { migration: 'AddRef1764000000001' } },
    ]);
    await expect(waybill('back', 'Nothing1764000000009', '--yes')).rejects.toThrow('No build here has a migration Nothing1764000000009');
  });

  it('shows an invalid index, and whom nobody can ask is unavailable', async () => {
    await database.query('INSERT INTO things VALUES (11, $1)', ['thing 10']);
    await database.query('CREATE UNIQUE INDEX CONCURRENTLY things_name ON things (name)').catch(() => undefined);
    expect((await waybill('status')).text).toContain('invalid index things_name on things');
    url = `${database.url}_that_is_not_there`;
    await expect(waybill('status')).rejects.toThrow(UnavailableError);
    url = 'postgres://u:hush@127.0.0.1:9/inventory';
    await expect(waybill('expand')).rejects.toThrow(/^The database of inventory at 127\.0\.0\.1:9\/inventory cannot be reached: /);
  });

  it('takes --to for one service only', async () => {
    expect((await waybill('expand', '--to', 'AddRef1764000000001')).exitCode).toBe(64);
    expect(said[0]).toContain('--to names a migration of one service');
    expect((await waybill('expand', '--service', 'inventory', '--to', 'AddRef1764000000001')).exitCode).toBe(0);
  });
});
