import { createDataSource, migrate } from '@waybill/database';
import { createTestDatabase, type TestDatabase } from '@waybill/testing';
import type { DataSource } from 'typeorm';
import { uuidv7 } from 'uuidv7';
import { afterEach, beforeEach, describe, expect, inject, it } from 'vitest';
import { migrations } from './migrations.js';
import { CustomerRef1764600000000 } from './migrations/1764600000000-customer-ref.js';
import { FillCustomerRef1764610000000 } from './migrations/1764610000000-fill-customer-ref.js';
import { CustomerRefIndex1764620000000 } from './migrations/1764620000000-customer-ref-index.js';
import { CustomerRefRequired1764630000000 } from './migrations/1764630000000-customer-ref-required.js';
import { DropCustomerId1764640000000 } from './migrations/1764640000000-drop-customer-id.js';

const ada = '019ac000-0000-7000-8000-0000000000c1';
const bob = '019ac000-0000-7000-8000-0000000000c2';
const before = migrations.filter(({ name }) => Number(name.slice(-13)) < 1764600000000);
const fill = new FillCustomerRef1764610000000();
const steps = {
  expand: new CustomerRef1764600000000(),
  index: new CustomerRefIndex1764620000000(),
  required: new CustomerRefRequired1764630000000(),
  contract: new DropCustomerId1764640000000(),
};

let database: TestDatabase;
let dataSource: DataSource;

beforeEach(async () => {
  database = await createTestDatabase(inject('postgresAdminUrl'));
  await migrate({ url: database.url, applicationName: 'spec', migrations: before, log: () => undefined });
  dataSource = await createDataSource({ url: database.url, applicationName: 'spec' }).initialize();
});
afterEach(async () => {
  await dataSource.destroy();
  await database.drop();
});

async function run(step: keyof typeof steps, direction: 'up' | 'down'): Promise<void> {
  const runner = dataSource.createQueryRunner();
  try {
    await steps[step][direction](runner);
  } finally {
    await runner.release();
  }
}

async function fillAll(): Promise<void> {
  const ids = (await database.query<{ id: string }>('SELECT id FROM orders')).map(({ id }) => id);
  await database.query(fill.backfill.statement, [ids]);
}

type Column = 'customer_id' | 'customer_ref';

/** As a version that knows just this column. */
async function insert(column: Column, customer: string): Promise<string> {
  const id = uuidv7();
  await database.query(
    `INSERT INTO orders (id, ${column}, status, version, ship_to, deadline_at, created_at, updated_at)
     VALUES ($1, $2, 'PLACED', 1, '{}', now(), now(), now())`,
    [id, customer],
  );
  return id;
}

const columns = () => database.query('SELECT customer_id, customer_ref FROM orders ORDER BY id');
const both = (customer: string) => ({ customer_id: customer, customer_ref: customer });

describe('the rename of customer_id', () => {
  it('has both columns say the same, whichever of them a version writes', async () => {
    await insert('customer_id', ada);
    await run('expand', 'up');
    const old = await insert('customer_id', ada);
    const young = await insert('customer_ref', bob);
    expect(await columns()).toEqual([{ customer_id: ada, customer_ref: null }, both(ada), both(bob)]);
    await database.query('UPDATE orders SET customer_id = $2 WHERE id = $1', [old, bob]);
    await database.query('UPDATE orders SET customer_ref = $2 WHERE id = $1', [young, ada]);
    await fillAll();
    expect(await columns()).toEqual([both(ada), both(bob), both(ada)]);
  });

  it('refuses an order without a customer at each step', async () => {
    await run('expand', 'up');
    await expect(insertNobody()).rejects.toThrow(/null value in column "customer_id"/);
    await run('required', 'up');
    await run('contract', 'up');
    await expect(insertNobody()).rejects.toThrow(/null value in column "customer_ref"/);
  });

  it('goes back from each step, and forward again, with nothing lost', async () => {
    await insert('customer_id', ada);
    await run('expand', 'up');
    await insert('customer_ref', bob);
    await run('expand', 'down');
    await insert('customer_id', ada);
    await run('expand', 'up');
    await fillAll();
    for (const step of ['index', 'required'] as const) {
      await run(step, 'up');
      await run(step, 'down');
      await insert('customer_id', ada);
      await run(step, 'up');
    }
    expect(await columns()).toEqual([both(ada), both(bob), both(ada), both(ada), both(ada)]);
  });

  it('begins again where making it required was cut off', async () => {
    await insert('customer_id', ada);
    await run('expand', 'up');
    await expect(run('required', 'up')).rejects.toThrow(/orders_customer_ref_there.*violated by some row/);
    await fillAll();
    await run('required', 'up');
    expect(await database.query(`SELECT 1 FROM pg_constraint WHERE conname = 'orders_customer_ref_there'`)).toEqual([]);
    await expect(database.query('UPDATE orders SET customer_ref = NULL')).rejects.toThrow();
  });

  it('takes any text at the end, and its way back says what has to follow', async () => {
    await run('expand', 'up');
    await insert('customer_id', ada);
    await run('required', 'up');
    await run('contract', 'up');
    const foreign = await insert('customer_ref', 'partner:4711');
    await database.query('DELETE FROM orders WHERE id = $1', [foreign]);
    await run('contract', 'down');
    await insert('customer_ref', bob);
    expect(await columns()).toEqual([{ customer_id: null, customer_ref: ada }, both(bob)]);
    const [comment] = await database.query<{ text: string }>(
      `SELECT col_description('orders'::regclass, attnum) AS text FROM pg_attribute WHERE attrelid = 'orders'::regclass AND attname = 'customer_id'`,
    );
    const statement = /UPDATE orders SET [^;]+/.exec(comment?.text ?? '')?.[0];
    await database.query(statement ?? '');
    expect(await columns()).toEqual([both(ada), both(bob)]);
  });
});

function insertNobody(): Promise<unknown> {
  return database.query(
    `INSERT INTO orders (id, status, version, ship_to, deadline_at, created_at, updated_at)
     VALUES (gen_random_uuid(), 'PLACED', 1, '{}', now(), now(), now())`,
  );
}
