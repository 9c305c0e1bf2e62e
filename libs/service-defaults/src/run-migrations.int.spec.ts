import { execFile, spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import { createTestDatabase, type TestDatabase, until } from '@waybill/testing';
import { afterAll, beforeAll, expect, inject, it } from 'vitest';

const lib = join(import.meta.dirname, '..');
let database: TestDatabase;

beforeAll(async () => {
  const tsc = join(lib, '../../node_modules/@typescript/native/bin/tsc');
  expect(spawnSync(process.execPath, [tsc, '-b', lib], { encoding: 'utf8' }).stdout).toBe('');
  database = await createTestDatabase(inject('postgresAdminUrl'));
});
afterAll(() => database.drop());

const MIGRATE = `
  import { runMigrations } from '@waybill/service-defaults';
  class CreateShelf1700000000000 {
    name = 'CreateShelf1700000000000';
    up(runner) { return runner.query('CREATE TABLE shelf (id int PRIMARY KEY)'); }
    down(runner) { return runner.query('DROP TABLE shelf'); }
  }
  await runMigrations({ name: 'inventory', migrations: [CreateShelf1700000000000] });
`;

function migrate(env: Record<string, string>): Promise<{ code: number; stdout: string; stderr: string }> {
  return new Promise((resolve) => {
    execFile(
      process.execPath,
      ['--input-type=module', '-e', MIGRATE],
      { cwd: lib, env: { PATH: process.env['PATH'], ...env } },
      (error, stdout, stderr) => resolve({ code: error === null ? 0 : Number(error.code), stdout, stderr }),
    );
  });
}

it('migrates with the login for migrations, and finds nothing to do the second time', async () => {
  const env = { WAYBILL_INVENTORY_MIGRATION_URL: database.url };
  const first = await migrate(env);
  expect(first).toMatchObject({ code: 0, stderr: '' });
  expect(first.stdout).toContain('CreateShelf1700000000000');
  expect(await database.query('SELECT * FROM shelf')).toEqual([]);
  const second = await migrate({ WAYBILL_INVENTORY_DATABASE_URL: database.url });
  expect(second.code).toBe(0);
  expect(second.stdout).toContain('up to date');
});

it('ends with 78 where it is not told which database, and with 1 where that is away', async () => {
  const untold = await migrate({});
  expect(untold.code).toBe(78);
  expect(untold.stderr).toContain('WAYBILL_INVENTORY_DATABASE_URL  is not set');
  const away = await migrate({ WAYBILL_INVENTORY_MIGRATION_URL: 'postgres://u:hush@127.0.0.1:9/inventory' });
  expect(away.code).toBe(1);
  expect(away.stderr).toContain('inventory could not be migrated. connect ECONNREFUSED');
  expect(away.stderr).not.toContain('hush');
});

const SLOW = MIGRATE.replace("up(runner) { return runner.query('CREATE TABLE shelf (id int PRIMARY KEY)'); }", `async up(runner) {
  await runner.query('CREATE TABLE slow_shelf (id int PRIMARY KEY)');
  await runner.query('SELECT pg_sleep(14)');
}`).replaceAll('CreateShelf1700000000000', 'SlowShelf1700000000001');

it('told by SIGTERM to stop, cancels what runs, leaves nothing of it, and the next run goes on', async () => {
  const env = { PATH: process.env['PATH'], WAYBILL_INVENTORY_MIGRATION_URL: database.url };
  const child = spawn(process.execPath, ['--input-type=module', '-e', SLOW], { cwd: lib, env, stdio: ['ignore', 'ignore', 'pipe'] });
  let stderr = '';
  child.stderr.on('data', (chunk: Buffer) => {
    stderr += chunk.toString();
  });
  await until(async () => (await database.query(`SELECT 1 FROM pg_stat_activity WHERE query = 'SELECT pg_sleep(14)' AND state = 'active'`)).length === 1);
  child.kill('SIGTERM');
  const [code] = (await once(child, 'exit')) as [number];
  expect({ code, stderr }).toEqual({
    code: 1,
    stderr: 'inventory could not be migrated. SlowShelf1700000000001 was interrupted. Run it again: it goes on where it was.\n',
  });
  expect(await database.query(`SELECT to_regclass('slow_shelf') AS table`)).toEqual([{ table: null }]);
  expect((await migrate({ WAYBILL_INVENTORY_MIGRATION_URL: database.url })).code).toBe(0);
});
