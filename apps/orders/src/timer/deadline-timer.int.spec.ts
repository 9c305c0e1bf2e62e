import { createDataSource, migrate, transaction } from '@waybill/database';
import { Outbox } from '@waybill/outbox';
import { createTestDatabase, type TestDatabase, until } from '@waybill/testing';
import type { DataSource, EntityManager } from 'typeorm';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, inject, it } from 'vitest';
import { migrations } from '../persistence/migrations.js';
import { OVERDUE } from '../persistence/overdue-orders.js';
import { CancelOrder } from '../use-cases/cancel-order.js';
import { ExpireOrders } from '../use-cases/expire-orders.js';
import { PlaceOrder } from '../use-cases/place-order.js';
import { type Clock, systemClock } from './clock.js';
import { DeadlineTimer } from './deadline-timer.js';

const HOUR_MS = 3_600_000;
const outbox = new Outbox('orders');
const expireOrders = new ExpireOrders(outbox);

let database: TestDatabase;
let dataSource: DataSource;
let warnings: { facts: object; message: string }[];
const timers: DeadlineTimer[] = [];

beforeAll(async () => {
  database = await createTestDatabase(inject('postgresAdminUrl'));
  await migrate({ url: database.url, applicationName: 'spec', migrations, log: () => undefined });
  dataSource = await createDataSource({ url: database.url, applicationName: 'spec' }).initialize();
});
afterAll(async () => {
  await dataSource.destroy();
  await database.drop();
});
beforeEach(async () => {
  await database.query('TRUNCATE orders, order_lines, outbox');
  warnings = [];
});
afterEach(async () => {
  await Promise.all(timers.splice(0).map((timer) => timer.stop()));
});

/** Looks often, so that a test does not wait for the second. */
class EagerTimer extends DeadlineTimer {
  protected override readonly pollIntervalMs = 20;
}

function startTimer(clock: Clock = systemClock, expire = expireOrders): DeadlineTimer {
  const timer = new EagerTimer(dataSource, expire, clock, {
    warn: (facts, message) => warnings.push({ facts, message }),
  });
  timers.push(timer);
  timer.start();
  return timer;
}

/** Ids of orders in this status whose deadline passed so long ago; in the future for a negative age. */
async function overdue(count: number, { status = 'PLACED', overdueMs = 1_000 } = {}): Promise<string[]> {
  const ids = await Promise.all(
    Array.from({ length: count }, async () => {
      const result = await inTransaction((manager) =>
        new PlaceOrder(outbox).run(manager, {
          customerId: '019ac000-0000-7000-8000-0000000000c1',
          lines: [{ sku: 'BOOK-1', quantity: 2 }],
          shipTo: { name: 'Ada', street: 'Main Street 1', city: 'Berlin', postcode: '10115', country: 'DE' },
          deadlineMs: HOUR_MS,
        }),
      );
      return result.kind === 'placed' ? result.order.id : '';
    }),
  );
  await database.query(
    `UPDATE orders SET status = $2, reason = 'spec', shipment_id = id, tracking_code = 'T',
                       deadline_at = now() - $3 * interval '1 millisecond'
      WHERE id = ANY ($1)`,
    [ids, status, overdueMs],
  );
  await database.query(`UPDATE orders SET reason = NULL WHERE status IN ('PLACED', 'CONFIRMED')`);
  await database.query('TRUNCATE outbox');
  return ids;
}

function inTransaction<T>(run: (manager: EntityManager) => Promise<T>): Promise<T> {
  return transaction(dataSource, run);
}

async function statuses(): Promise<Record<string, number>> {
  const rows = await database.query<{ status: string; count: string }>('SELECT status, count(*) FROM orders GROUP BY 1');
  return Object.fromEntries(rows.map(({ status, count }) => [status, Number(count)]));
}

async function events() {
  return database.query<{ type: string; aggregateid: string; causationid: string | null; payload: string }>(
    'SELECT * FROM outbox ORDER BY seq',
  );
}

/** Two rounds of a timer that began after now have ended. */
async function twoRounds(): Promise<void> {
  let rounds = 0;
  startTimer(() => {
    rounds++;
    return new Date();
  });
  await until(() => rounds >= 2);
}

describe('the deadline of an order', () => {
  it('cancels it while it is only placed, with a reason, and says so', async () => {
    const [id] = await overdue(1);
    startTimer();
    await until(async () => (await statuses())['CANCELLED'] === 1);
    const [event] = await events();
    expect(event).toMatchObject({ type: 'waybill.order.cancelled.v1', aggregateid: id, causationid: null });
    expect(JSON.parse(event?.payload ?? '')).toMatchObject({
      orderId: id,
      reason: 'not shipped by its deadline',
      lines: [{ sku: 'BOOK-1', quantity: 2 }],
    });
  });

  it('asks shipping once it is confirmed, and waits for the answer', async () => {
    const [id] = await overdue(1, { status: 'CONFIRMED' });
    startTimer();
    await until(async () => (await statuses())['CANCELLING'] === 1);
    await twoRounds();
    expect(await events()).toMatchObject([{ type: 'waybill.order.cancellation-requested.v1', aggregateid: id }]);
  });

  it.each(['SHIPPED', 'REJECTED', 'CANCELLING', 'CANCELLED'])('means nothing to one that is %s', async (status) => {
    await overdue(1, { status });
    await twoRounds();
    expect(await statuses()).toEqual({ [status]: 1 });
    expect(await events()).toEqual([]);
  });

  it('is waited for', async () => {
    await overdue(1, { overdueMs: -HOUR_MS });
    await twoRounds();
    expect(await statuses()).toEqual({ PLACED: 1 });
  });

  it('has passed when both clocks say so: one that jumps ahead cancels nothing, one that is behind waits', async () => {
    await overdue(1, { overdueMs: -HOUR_MS });
    const jumped = startTimer(() => new Date(Date.now() + 365 * 24 * HOUR_MS));
    await twoRounds();
    await jumped.stop();
    expect(await statuses()).toEqual({ PLACED: 1 });

    // That of the two rounds has a right clock, and would find the order overdue.
    await Promise.all(timers.splice(0).map((timer) => timer.stop()));
    await database.query(`UPDATE orders SET deadline_at = now() - interval '1 second'`);
    let now = Date.now() - HOUR_MS;
    let looks = 0;
    startTimer(() => {
      looks++;
      return new Date(now);
    });
    await until(() => looks >= 2);
    expect(await statuses()).toEqual({ PLACED: 1 });
    now = Date.now();
    await until(async () => (await statuses())['CANCELLED'] === 1);
  });
});

describe('the timer', () => {
  it('of three instances at once moves each order once', async () => {
    const placed = await overdue(150);
    const confirmed = await overdue(150, { status: 'CONFIRMED' });
    startTimer();
    startTimer();
    startTimer();
    await until(async () => (await events()).length >= 300);
    await twoRounds();
    expect(await statuses()).toEqual({ CANCELLED: 150, CANCELLING: 150 });
    const told = (await events()).map(({ aggregateid }) => aggregateid);
    expect(told.sort()).toEqual([...placed, ...confirmed].sort());
  });

  it('that dies in the middle of a batch has done nothing of it, and the next one does it', async () => {
    const [id] = await overdue(1);
    const dying = dataSource.createQueryRunner();
    await dying.startTransaction();
    const [{ pid } = { pid: 0 }] = (await dying.query('SELECT pg_backend_pid() AS pid')) as { pid: number }[];
    await expireOrders.run(dying.manager, { at: new Date(), limit: 10, except: [] });
    // Somebody else's: not waited for.
    startTimer();
    await twoRounds();
    expect(await statuses()).toEqual({ PLACED: 1 });
    await database.query('SELECT pg_terminate_backend($1)', [pid]);
    await until(async () => (await statuses())['CANCELLED'] === 1);
    await dying.release();
    expect((await events()).map(({ aggregateid }) => aggregateid)).toEqual([id]);
  });

  it('waits for nobody: an order that somebody is at holds up no other', async () => {
    const [busy] = await overdue(1, { overdueMs: 60_000 });
    await overdue(1);
    await inTransaction(async (manager) => {
      await manager.query('SELECT 1 FROM orders WHERE id = $1 FOR UPDATE', [busy]);
      startTimer();
      await until(async () => (await statuses())['CANCELLED'] === 1, { timeoutMs: 4_000 });
      // Still at it.
      expect(await manager.query('SELECT status FROM orders WHERE id = $1', [busy])).toEqual([{ status: 'PLACED' }]);
    });
    await until(async () => (await statuses())['CANCELLED'] === 2);
  });

  it('is not held up by those which have no deadline any more, however many they are', async () => {
    await overdue(120, { status: 'CANCELLING', overdueMs: 60_000 });
    await overdue(1);
    startTimer();
    await until(async () => (await statuses())['CANCELLED'] === 1);
    expect(await events()).toHaveLength(1);
  });

  it('goes round an order that fails, tells of it, and takes it when it no longer does', async () => {
    const [broken = ''] = await overdue(1, { overdueMs: 60_000 });
    await overdue(150);
    // Its next version stands in the outbox already: a writer that forgot to raise the version would leave this behind.
    await inTransaction((manager) => new CancelOrder(outbox).run(manager, broken));
    await database.query(`UPDATE orders SET status = 'PLACED', version = 1 WHERE id = $1`, [broken]);
    startTimer();
    await until(async () => (await statuses())['CANCELLED'] === 150);
    expect(warnings[0]?.facts).toMatchObject({ orderId: broken, err: { code: 'ORDER_NOT_EXPIRED' } });
    await database.query('DELETE FROM outbox WHERE aggregateid = $1', [broken]);
    await until(async () => (await statuses())['CANCELLED'] === 151);
  });

  it('survives that the database fails, and goes on when it is back', async () => {
    await overdue(1);
    await database.query('ALTER TABLE orders RENAME TO away');
    startTimer();
    await until(() => warnings.length > 0);
    await database.query('ALTER TABLE away RENAME TO orders');
    await until(async () => (await statuses())['CANCELLED'] === 1);
  });

  it('at the moment of a cancellation by the customer: one of the two moves the order, the other finds it moved', async () => {
    const ids = await overdue(20, { status: 'CONFIRMED' });
    startTimer();
    await Promise.all(ids.map((id) => inTransaction((manager) => new CancelOrder(outbox).run(manager, id))));
    await until(async () => (await statuses())['CANCELLING'] === 20);
    await twoRounds();
    expect((await events()).map(({ aggregateid }) => aggregateid).sort()).toEqual(ids.sort());
  });

  it('finds what is overdue by the index, however many orders there have been', async () => {
    await inTransaction(async (manager) => {
      await manager.query('SET LOCAL enable_seqscan = off');
      const plan = await manager.query<unknown[]>(`EXPLAIN ${OVERDUE}`, [new Date(), 100, []]);
      expect(JSON.stringify(plan)).toContain('orders_deadline');
    });
  });
});
