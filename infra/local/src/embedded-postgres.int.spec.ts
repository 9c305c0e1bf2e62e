import { chmodSync, existsSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import pg from 'pg';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { loadCredentials } from './credentials.js';
import { checkPostgresData, EmbeddedPostgres } from './embedded-postgres.js';
import { postgresBinaries, postgresMajor } from './postgres-binaries.js';
import { databaseUrl, provisionPostgres } from './postgres-provision.js';
import { ProcessRoll } from './process-roll.js';

let home: string;
let roll: ProcessRoll;
let postgres: EmbeddedPostgres;

beforeAll(async () => {
  // As hostile as a home may be: a space in its path, and closed to the user that the server runs as.
  home = mkdtempSync(join(tmpdir(), 'waybill spec '));
  chmodSync(home, 0o700);
  roll = await ProcessRoll.open(home, { temporary: true });
  const { admin } = loadCredentials(home);
  postgres = new EmbeddedPostgres({ home, roll, binaries: await postgresBinaries(), adminPassword: admin, forgetful: true });
  await postgres.start();
});
afterAll(async () => {
  await postgres.stop();
  roll.close();
  rmSync(home, { recursive: true, force: true });
});

describe('an embedded Postgres', () => {
  it('takes nobody without a password', async () => {
    const url = new URL(postgres.adminUrl);
    url.password = '';
    await expect(query(url.toString(), 'SELECT 1')).rejects.toThrow(/password/);
  });

  it('listens on this machine only, and on no socket', async () => {
    expect(await query(postgres.adminUrl, 'SHOW listen_addresses')).toEqual([{ listen_addresses: '127.0.0.1' }]);
    expect(await query(postgres.adminUrl, 'SHOW unix_socket_directories')).toEqual([{ unix_socket_directories: '' }]);
  });

  it('keeps its port and what was committed through kill -9', async () => {
    await query(postgres.adminUrl, 'CREATE TABLE kept (id int)');
    await query(postgres.adminUrl, 'INSERT INTO kept VALUES (1)');
    const { adminUrl, pid } = postgres;
    await postgres.kill();
    expect(postgres.pid).toBeUndefined();
    await postgres.start();
    expect(postgres.adminUrl).toBe(adminUrl);
    expect(postgres.pid).not.toBe(pid);
    expect(await query(postgres.adminUrl, 'SELECT id FROM kept')).toEqual([{ id: 1 }]);
  });

  it('leaves no password behind in a file of its own', () => {
    expect(existsSync(join(home, 'postgres', 'password'))).toBe(false);
  });
});

describe('the roles of the local Postgres', () => {
  beforeAll(async () => {
    await provisionPostgres(postgres.adminUrl, loadCredentials(home));
    // A second time, as at the next start.
    await provisionPostgres(postgres.adminUrl, loadCredentials(home));
  });

  const urlFor = (login: string, database: string) =>
    databaseUrl(postgres.adminUrl, database, { name: login, password: loadCredentials(home).logins[login] ?? '' });

  it('let a service into its own database, and into no other', async () => {
    expect(await query(urlFor('orders_a', 'orders'), 'SELECT current_user::text AS login')).toEqual([{ login: 'orders_a' }]);
    expect(await query(urlFor('orders_b', 'orders'), 'SELECT 1 AS one')).toEqual([{ one: 1 }]);
    for (const database of ['inventory', 'shipping', 'platform', 'postgres']) {
      await expect(query(urlFor('orders_a', database), 'SELECT 1')).rejects.toThrow(/permission denied for database/);
    }
  });

  it('let a service work with the tables of the owner, and change none', async () => {
    const asOwner = databaseUrl(postgres.adminUrl, 'orders');
    await query(asOwner, 'SET ROLE orders_owner; CREATE TABLE things (id bigint GENERATED ALWAYS AS IDENTITY, name text)');
    const asService = urlFor('orders_a', 'orders');
    await query(asService, `INSERT INTO things (name) VALUES ('one')`);
    await query(asService, `UPDATE things SET name = 'two'`);
    expect(await query(asService, 'SELECT name FROM things')).toEqual([{ name: 'two' }]);
    await expect(query(asService, 'ALTER TABLE things ADD COLUMN more text')).rejects.toThrow(/must be owner/);
    await expect(query(asService, 'CREATE TABLE others (id int)')).rejects.toThrow(/permission denied/);
  });
});

describe('data of another Postgres', () => {
  it('is named, with what to do', () => {
    const other = mkdtempSync(join(tmpdir(), 'waybill-spec-'));
    try {
      checkPostgresData(other, postgresMajor());
      expect(() => checkPostgresData(home, '17')).toThrow(/written by PostgreSQL 18, this is PostgreSQL 17.*--fresh/);
    } finally {
      rmSync(other, { recursive: true });
    }
  });

  it('that was never finished is made anew', async () => {
    const half = mkdtempSync(join(tmpdir(), 'waybill-spec-'));
    const ownRoll = await ProcessRoll.open(half, { temporary: true });
    const server = new EmbeddedPostgres({
      home: half,
      roll: ownRoll,
      binaries: await postgresBinaries(),
      adminPassword: loadCredentials(half).admin,
      forgetful: true,
    });
    try {
      await server.start();
      await server.stop();
      rmSync(join(half, 'postgres', 'initialized'));
      rmSync(join(half, 'postgres', 'data', 'pg_wal'), { recursive: true });
      writeFileSync(join(half, 'postgres', 'data', 'PG_VERSION'), '');
      await server.start();
      expect(await query(server.adminUrl, 'SELECT 1 AS one')).toEqual([{ one: 1 }]);
    } finally {
      await server.stop();
      ownRoll.close();
    }
  });
});

async function query(url: string, text: string): Promise<unknown[]> {
  const client = new pg.Client({ connectionString: url });
  client.on('error', () => undefined);
  await client.connect();
  try {
    const { rows } = await client.query<pg.QueryResultRow>(text);
    return rows;
  } finally {
    await client.end();
  }
}
