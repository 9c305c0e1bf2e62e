import { createTestDatabase, type TestDatabase } from '@waybill/testing';
import type { DataSource } from 'typeorm';
import { afterEach, beforeEach, describe, expect, inject, it } from 'vitest';
import { createDataSource } from './data-source.js';
import { transaction } from './transaction.js';

let database: TestDatabase;
let dataSource: DataSource;

beforeEach(async () => {
  database = await createTestDatabase(inject('postgresAdminUrl'), [
    'CREATE TABLE rows (id integer PRIMARY KEY, n integer NOT NULL)',
    'INSERT INTO rows VALUES (1, 7)',
  ]);
  // One connection, so that what it has prepared can be looked at.
  dataSource = await createDataSource({ url: database.url, applicationName: 'test', poolMax: 1 }).initialize();
});

afterEach(async () => {
  await dataSource.destroy();
  await database.drop();
});

const READ = 'SELECT id, n FROM rows WHERE id = $1';

describe('statements with parameters', () => {
  it('are prepared once a connection', async () => {
    for (let time = 0; time < 3; time++) {
      await dataSource.query(READ, [1]);
    }
    const prepared = await dataSource.query<{ uses: string }[]>(
      'SELECT generic_plans + custom_plans AS uses FROM pg_prepared_statements WHERE statement = $1',
      [READ],
    );
    expect(prepared).toEqual([{ uses: '3' }]);
  });

  it('outlive a migration that changes the type of a column', async () => {
    expect(await dataSource.query(READ, [1])).toEqual([{ id: 1, n: 7 }]);
    await database.query('ALTER TABLE rows ALTER n TYPE text');
    expect(await dataSource.query(READ, [1])).toEqual([{ id: 1, n: '7' }]);
  });

  it('outlive it in a transaction, which runs again', async () => {
    await dataSource.query(READ, [1]);
    await database.query('ALTER TABLE rows ALTER n TYPE text');
    let runs = 0;
    const rows = await transaction(dataSource, (manager) => {
      runs++;
      return manager.query<unknown>(READ, [1]);
    });
    expect(rows).toEqual([{ id: 1, n: '7' }]);
    expect(runs).toBe(2);
  });
});
