import type { AddressInfo } from 'node:net';
import { connect, createServer, type Server, type Socket } from 'node:net';
import { createTestDatabase, type TestDatabase } from '@waybill/testing';
import type { DataSource } from 'typeorm';
import { afterEach, beforeEach, describe, expect, inject, it } from 'vitest';
import { createDataSource } from './data-source.js';
import { isDatabaseUnavailable } from './database-errors.js';
import { transaction } from './transaction.js';

let database: TestDatabase;
let dataSource: DataSource;
let between: Server;
/** The connections that lead through `between`. */
let lines: { near: Socket; far: Socket }[];

beforeEach(async () => {
  database = await createTestDatabase(inject('postgresAdminUrl'), ['CREATE TABLE rows (id integer PRIMARY KEY)']);
  const { hostname, port } = new URL(database.url);
  lines = [];
  between = createServer((near) => {
    const far = connect(Number(port), hostname);
    near.pipe(far).pipe(near);
    near.on('error', () => undefined).on('close', () => far.destroy());
    far.on('error', () => undefined).on('close', () => near.destroy());
    lines.push({ near, far });
  });
  await new Promise<void>((resolve) => between.listen(0, '127.0.0.1', resolve));
  const url = new URL(database.url);
  url.port = String((between.address() as AddressInfo).port);
  dataSource = await createDataSource({ url: url.toString(), applicationName: 'test', answerTimeoutMs: 500 }).initialize();
});

afterEach(async () => {
  await dataSource.destroy();
  for (const { near, far } of lines) {
    near.destroy();
    far.destroy();
  }
  between.close();
  await database.drop();
});

describe('a server that is gone without a word', () => {
  it('does not hold a transaction for ever, and the next one gets another connection', async () => {
    const lost = transaction(dataSource, async (manager) => {
      await manager.query('INSERT INTO rows VALUES ($1)', [1]);
      // Nothing comes through any more, and nobody says so.
      for (const { near, far } of lines) {
        near.unpipe().pause();
        far.unpipe().pause().removeAllListeners('close');
      }
      await manager.query('INSERT INTO rows VALUES ($1)', [2]);
    });
    expect(isDatabaseUnavailable(await lost.catch((error: unknown) => error))).toBe(true);
    await transaction(dataSource, (manager) => manager.query('INSERT INTO rows VALUES ($1)', [3]));
    expect(await database.query('SELECT id FROM rows ORDER BY id')).toEqual([{ id: 3 }]);
  });
});
