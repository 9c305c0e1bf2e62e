import { connect, createServer, type Server, type Socket } from 'node:net';
import { createTestDatabase, type TestDatabase, until } from '@waybill/testing';
import type pg from 'pg';
import type { DataSource } from 'typeorm';
import { afterEach, beforeEach, expect, inject, it } from 'vitest';
import { checkOut } from './check-out.js';
import { createDataSource } from './data-source.js';

const POOL_MAX = 2;

let database: TestDatabase;
let dataSource: DataSource;
let between: Server;
let lines: Socket[];

beforeEach(async () => {
  database = await createTestDatabase(inject('postgresAdminUrl'));
  const url = new URL(database.url);
  const port = Number(url.port);
  lines = [];
  between = createServer((near) => {
    const far = connect(port, '127.0.0.1');
    near.pipe(far).pipe(near);
    near.on('error', () => undefined).on('close', () => far.destroy());
    far.on('error', () => undefined);
    lines.push(near, far);
  });
  await new Promise<void>((resolve) => between.listen(0, '127.0.0.1', resolve));
  url.hostname = '127.0.0.1';
  url.port = String((between.address() as { port: number }).port);
  dataSource = await createDataSource({ url: url.toString(), applicationName: 'check-out', poolMax: POOL_MAX }).initialize();
});

afterEach(async () => {
  lines.forEach((line) => line.destroy());
  await dataSource.destroy();
  between.close();
  await database.drop();
});

function pool(): pg.Pool {
  return (dataSource.driver as unknown as { master: pg.Pool }).master;
}

it('puts back what it took', async () => {
  for (let turn = 0; turn < 20; turn++) {
    await checkOut(dataSource, 500);
  }
  expect(pool()).toMatchObject({ totalCount: 1, idleCount: 1, waitingCount: 0 });
});

it('throws away a connection on which nobody answers, and the next caller gets another one', async () => {
  await checkOut(dataSource, 500);
  lines.forEach((line) => line.unpipe().pause());
  await expect(checkOut(dataSource, 200)).rejects.toThrow(/timeout/i);
  await until(() => pool().totalCount === 0);
  await checkOut(dataSource, 500);
  expect(pool()).toMatchObject({ totalCount: 1, idleCount: 1 });
});

it('fails while the pool is used up', async () => {
  const taken = await Promise.all(Array.from({ length: POOL_MAX }, () => pool().connect()));
  await expect(checkOut(dataSource, 200)).rejects.toThrow(/timeout/i);
  taken.forEach((client) => client.release());
  await checkOut(dataSource, 500);
});
