import { createTestDatabase, type TestDatabase } from '@waybill/testing';
import type { QueryRunner } from 'typeorm';
import { afterEach, beforeEach, describe, expect, inject, it } from 'vitest';
import { migrate } from '../migrate.js';
import type { Migration } from '../migration.js';
import { DirtyDataError } from './migration-errors.js';

let database: TestDatabase;

beforeEach(async () => {
  database = await createTestDatabase(inject('postgresAdminUrl'), [
    'CREATE TABLE customers (id integer PRIMARY KEY)',
    'INSERT INTO customers SELECT generate_series(1, 20)',
    'CREATE TABLE orders (id integer PRIMARY KEY, customer integer, total integer)',
    'INSERT INTO orders SELECT n, n, n FROM generate_series(1, 20) n',
  ]);
});

afterEach(() => database.drop());

async function run(...statements: string[]): Promise<string[]> {
  class Require1764000000001 implements Migration {
    async up(runner: QueryRunner): Promise<void> {
      for (const statement of statements) {
        await runner.query(statement);
      }
    }

    down(): Promise<void> {
      return Promise.resolve();
    }
  }
  return migrate({ url: database.url, applicationName: 'spec', migrations: [Require1764000000001], log: () => undefined });
}

const REQUIRED = [
  'ALTER TABLE orders ADD CONSTRAINT orders_customer_required CHECK (customer IS NOT NULL) NOT VALID',
  'ALTER TABLE orders VALIDATE CONSTRAINT orders_customer_required',
];

describe('rows that break a constraint', () => {
  it('are named by their keys when it is validated; the table stays as it was, and after the fix it runs', async () => {
    await database.query('UPDATE orders SET customer = NULL WHERE id IN (3, 5)');
    const error = await run(...REQUIRED).catch((each: unknown) => each);
    expect(error).toBeInstanceOf(DirtyDataError);
    expect((error as DirtyDataError).rows.toSorted()).toEqual(['3', '5']);
    expect((error as DirtyDataError).message).toMatch(
      /^Require1764000000001: rows of orders break orders_customer_required \(CHECK \(\(customer IS NOT NULL\)\)\): id [35], [35]\. It was rolled back, nothing was changed\. Correct these rows and run it again\.$/,
    );
    expect(await database.query(`SELECT 1 FROM pg_constraint WHERE conname = 'orders_customer_required'`)).toEqual([]);
    await database.query('UPDATE orders SET customer = 1 WHERE customer IS NULL');
    expect(await run(...REQUIRED)).toEqual(['Require1764000000001']);
  });

  it('are ten at most, and the error says that there are more', async () => {
    await database.query('UPDATE orders SET customer = NULL');
    const error = (await run(...REQUIRED).catch((each: unknown) => each)) as DirtyDataError;
    expect(error.rows).toHaveLength(10);
    expect(error.message).toContain(' and more. It was rolled back');
  });

  it('are named for SET NOT NULL, too', async () => {
    await database.query('UPDATE orders SET customer = NULL WHERE id = 7');
    await expect(run('ALTER TABLE orders ALTER COLUMN customer SET NOT NULL')).rejects.toThrow(
      'rows of orders break NOT NULL of customer: id 7.',
    );
  });

  it('are named for a foreign key, and by all columns of their key', async () => {
    await database.query('CREATE TABLE "order lines" (order_id integer, "no" integer, customer integer, PRIMARY KEY (order_id, "no"))');
    await database.query('INSERT INTO "order lines" VALUES (1, 1, 1), (1, 2, 99), (2, 1, NULL)');
    await expect(
      run(
        'ALTER TABLE "order lines" ADD CONSTRAINT line_customer FOREIGN KEY (customer) REFERENCES customers NOT VALID',
        'ALTER TABLE "order lines" VALIDATE CONSTRAINT line_customer',
      ),
    ).rejects.toThrow('rows of "order lines" break line_customer (FOREIGN KEY (customer) REFERENCES customers(id)): order_id, no 1,2.');
  });

  it('leave another error as it is', async () => {
    await expect(run('ALTER TABLE orders ADD COLUMN total text')).rejects.toThrow(
      'Require1764000000001 failed: column "total" of relation "orders" already exists. It was rolled back',
    );
  });
});
