import { createDataSource, migrate, transaction } from '@waybill/database';
import { Outbox } from '@waybill/outbox';
import { createTestDatabase, type TestDatabase } from '@waybill/testing';
import type { DataSource } from 'typeorm';
import { afterAll, beforeAll, beforeEach, describe, expect, inject, it } from 'vitest';
import { IdempotencyKeyBusyError, removeIdempotencyKeys } from '../persistence/idempotency-keys.js';
import { migrations } from '../persistence/migrations.js';
import { PlaceOrder, type PlaceOrderCommand, type Repeatable } from './place-order.js';

const command: PlaceOrderCommand = {
  customerId: '019ac000-0000-7000-8000-0000000000c1',
  lines: [
    { sku: 'PEN-1', quantity: 3 },
    { sku: 'BOOK-1', quantity: 2 },
  ],
  shipTo: { name: 'Ada', street: 'Main Street 1', city: 'Berlin', postcode: '10115', country: 'DE' },
  deadlineMs: 3_600_000,
};

let database: TestDatabase;
let dataSource: DataSource;
const placeOrder = new PlaceOrder(new Outbox('orders'));

beforeAll(async () => {
  database = await createTestDatabase(inject('postgresAdminUrl'));
  await migrate({ url: database.url, applicationName: 'spec', migrations, log: () => undefined });
  dataSource = await createDataSource({ url: database.url, applicationName: 'spec' }).initialize();
});
afterAll(async () => {
  await dataSource.destroy();
  await database.drop();
});
beforeEach(() => database.query('TRUNCATE orders, order_lines, idempotency_keys, outbox'));

function place(repeatable?: Repeatable) {
  return transaction(dataSource, (manager) => placeOrder.run(manager, command, repeatable));
}

function repeatable(body = 'a', scope: Partial<Repeatable> = {}): Repeatable {
  return {
    caller: 'c',
    route: 'POST /orders',
    key: 'k',
    bodyHash: Buffer.from(body),
    answer: ({ id }) => ({ zz: 1, id }),
    ...scope,
  };
}

async function count(table: string): Promise<number> {
  return (await database.query(`SELECT 1 FROM ${table}`)).length;
}

describe('placing an order', () => {
  it('stores the order, its lines as they came, and the event', async () => {
    const result = await place();
    if (result.kind !== 'placed') {
      throw new Error(`expected a placed order, got ${result.kind}`);
    }
    const { order } = result;
    const [row] = await database.query('SELECT * FROM orders');
    expect(row).toMatchObject({ id: order.id, status: 'PLACED', version: 1, customer_id: command.customerId });
    expect(row?.['ship_to']).toEqual(command.shipTo);
    expect(row?.['created_at']).toEqual(order.createdAt);
    expect(await database.query('SELECT sku, quantity FROM order_lines ORDER BY line_no')).toEqual(command.lines);
    const [event] = await database.query<{ payload: string }>('SELECT * FROM outbox');
    expect(event).toMatchObject({
      topic: 'waybill.orders',
      aggregatetype: 'order',
      aggregateid: order.id,
      version: '1',
      type: 'waybill.order.placed.v1',
      partitionkey: order.id,
      correlationid: order.id,
      causationid: null,
    });
    expect(JSON.parse(event?.payload ?? '')).toEqual({
      orderId: order.id,
      customerId: command.customerId,
      lines: command.lines,
      shipTo: command.shipTo,
      deadlineAt: order.deadlineAt.toISOString(),
    });
  });

  it('stores neither order nor key when the event cannot be stored', async () => {
    const broken = new PlaceOrder(new Outbox('shipping'));
    await expect(
      transaction(dataSource, (manager) => broken.run(manager, command, repeatable())),
    ).rejects.toMatchObject({ code: 'OUTBOX_INVALID_EVENT' });
    expect([await count('orders'), await count('order_lines'), await count('idempotency_keys')]).toEqual([0, 0, 0]);
  });
});

describe('placing an order with a key', () => {
  it('answers the second time as the first time, and places nothing', async () => {
    const first = await place(repeatable());
    const second = await place(repeatable());
    expect(first.kind).toBe('placed');
    // As it was given: also with its properties in their order.
    const id = first.kind === 'placed' ? first.order.id : '';
    expect(second).toEqual({ kind: 'placed-before', answer: { zz: 1, id } });
    expect(JSON.stringify(second.kind === 'placed-before' && second.answer)).toBe(JSON.stringify({ zz: 1, id }));
    expect([await count('orders'), await count('outbox')]).toEqual([1, 1]);
  });

  it('refuses the key for another body', async () => {
    await place(repeatable('a'));
    expect(await place(repeatable('b'))).toEqual({ kind: 'key-of-another-order' });
    expect(await count('orders')).toBe(1);
  });

  it('keeps the keys of another caller and of another route apart', async () => {
    const scopes = [{}, { caller: 'd' }, { route: 'POST /other' }];
    for (const [index, scope] of scopes.entries()) {
      const body = `body ${index}`;
      const first = await place(repeatable(body, scope));
      const id = first.kind === 'placed' ? first.order.id : undefined;
      expect(await place(repeatable(body, scope))).toEqual({ kind: 'placed-before', answer: { zz: 1, id } });
    }
    expect(await count('orders')).toBe(3);
  });

  it('places one order for ten twins that come at once, and answers each of them', async () => {
    const results = await Promise.all(Array.from({ length: 10 }, () => place(repeatable())));
    expect(results.filter(({ kind }) => kind === 'placed')).toHaveLength(1);
    expect(results.filter(({ kind }) => kind === 'placed-before')).toHaveLength(9);
    expect([await count('orders'), await count('outbox')]).toEqual([1, 1]);
  });

  it('gives the key to the twin when the first one fails', async () => {
    const failure = new Error('failed after its work');
    let secondStarted: Promise<unknown> | undefined;
    await expect(
      transaction(dataSource, async (manager) => {
        await placeOrder.run(manager, command, repeatable());
        secondStarted = place(repeatable());
        await new Promise((resolve) => setTimeout(resolve, 100));
        throw failure;
      }),
    ).rejects.toBe(failure);
    expect(await secondStarted).toMatchObject({ kind: 'placed' });
    expect(await count('orders')).toBe(1);
  });

  it('lets a twin wait for two seconds and then says that the first is busy', async () => {
    const startedAt = Date.now();
    await transaction(dataSource, async (manager) => {
      await placeOrder.run(manager, command, repeatable());
      await expect(place(repeatable())).rejects.toBeInstanceOf(IdempotencyKeyBusyError);
    });
    expect(Date.now() - startedAt).toBeGreaterThanOrEqual(1_900);
    expect(await count('orders')).toBe(1);
  });

  it('forgets keys that are too old, a bounded number at a time, and no others', async () => {
    for (const key of ['1', '2', '3', '4']) {
      await place(repeatable('a', { key }));
    }
    await database.query(`UPDATE idempotency_keys SET created_at = now() - interval '25 hours' WHERE key <> '4'`);
    const dayAgo = new Date(Date.now() - 24 * 3_600_000);
    expect(await removeIdempotencyKeys(dataSource.manager, dayAgo, 2)).toBe(2);
    expect(await removeIdempotencyKeys(dataSource.manager, dayAgo, 2)).toBe(1);
    expect(await database.query('SELECT key FROM idempotency_keys')).toEqual([{ key: '4' }]);
  });
});
