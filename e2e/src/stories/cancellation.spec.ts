import { execFile } from 'node:child_process';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { publishers, services } from '@waybill/contracts';
import { until } from '@waybill/testing';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { type OrderView, shipTo } from '../customer.js';
import { header, readTopics } from '../kafka-record.js';
import { Platform } from '../platform.js';

/*
 * An order that is not wanted any more, at every moment of its life. What is asked each time: it ends, its stock is where
 * its end says, and at last nothing in the three databases contradicts anything else.
 */

const cli = fileURLToPath(new URL('../../../apps/cli/dist/main.js', import.meta.url));
/** Long enough for an order to be confirmed on a busy machine, short enough to be waited for. */
const DEADLINE_MS = 10_000;

let platform: Platform;

beforeAll(async () => {
  platform = await Platform.start({
    env: { ORDERS_DEADLINE_MS: String(DEADLINE_MS), CARRIER_TIMEOUT_MS: '500', CARRIER_RETRY_MAX_MS: '500' },
  });
});
afterAll(async () => {
  await platform.stop();
});
afterEach(async () => {
  await platform.customer.carrier({ mode: 'ok' });
});

async function story(orderId: string): Promise<string[]> {
  const records = await readTopics(platform.brokers, services.map((service) => publishers[service].topic));
  return records.filter(({ key }) => key === orderId).map((record) => header(record, 'ce_type') ?? '');
}

/** An order whose label the carrier does not give, in the mode given. */
async function confirmed(sku: string, mode: string): Promise<OrderView> {
  const { customer } = platform;
  await customer.setStock(sku, 5);
  await customer.carrier({ mode });
  const placed = await customer.placed([{ sku, quantity: 2 }]);
  return until(async () => {
    const order = await customer.order(placed.id);
    return order.status === 'CONFIRMED' && (await shipmentOf(order.id)) === 'REQUESTED' ? order : undefined;
  });
}

async function shipmentOf(orderId: string): Promise<string | undefined> {
  const [row] = await platform.query('shipping', 'SELECT status FROM shipments WHERE order_id = $1', [orderId]);
  return row?.['status'] as string | undefined;
}

async function holds(sku: string, onHand: number): Promise<void> {
  await until(
    async () => {
      const stock = await platform.customer.stock(sku);
      return stock.onHand === onHand && stock.reserved === 0;
    },
    { what: `${onHand} of ${sku} on hand and none reserved` },
  );
}

describe('an order that is confirmed', () => {
  it('is cancelled when shipping can call the parcel back, and its stock is released once', async () => {
    const { customer } = platform;
    const { id } = await confirmed('BACK-1', 'fail');
    const asked = await customer.cancel(id);
    expect(asked.status).toBe(202);
    expect(await asked.json()).toMatchObject({ status: 'CANCELLING', version: 3 });
    expect((await customer.cancel(id)).status).toBe(202);
    // Shipping knows of it: a carrier that grants a label before would ship the parcel, and rightly.
    await until(async () => (await shipmentOf(id)) === 'CANCELLING');
    await customer.carrier({ mode: 'ok' });
    expect(await customer.ended(id)).toMatchObject({ status: 'CANCELLED', version: 4, trackingCode: null });
    expect((await customer.cancel(id)).status).toBe(200);
    await holds('BACK-1', 5);
    const types = await story(id);
    expect(types.filter((type) => type.startsWith('waybill.stock.'))).toEqual([
      'waybill.stock.reserved.v1',
      'waybill.stock.released.v1',
    ]);
    expect(types.filter((type) => type.startsWith('waybill.order.'))).toEqual([
      'waybill.order.placed.v1',
      'waybill.order.confirmed.v1',
      'waybill.order.cancellation-requested.v1',
      'waybill.order.cancelled.v1',
    ]);
  });

  it('is shipped after all when the carrier will not give the parcel back', async () => {
    const { customer } = platform;
    const { id } = await confirmed('GONE-1', 'silent');
    expect((await customer.cancel(id)).status).toBe(202);
    await until(async () => (await shipmentOf(id)) === 'CANCELLING');
    // An earlier POST had reached the carrier, and its answer was lost: the label is there, the parcel under way.
    const shipping = platform.process('shipping');
    shipping.pause();
    try {
      const [row] = await platform.query('shipping', 'SELECT id FROM shipments WHERE order_id = $1', [id]);
      await customer.carrier({ mode: 'ok' });
      const made = await customer.send('POST', `${customer.urls.carrier}/labels`, { shipTo }, { 'idempotency-key': String(row?.['id']) });
      expect(made.status).toBe(201);
      await customer.carrier({ mode: 'refuse' });
    } finally {
      shipping.resume();
    }
    expect(await customer.ended(id)).toMatchObject({ status: 'SHIPPED', version: 4, reason: null });
    expect((await customer.cancel(id)).status).toBe(409);
    await holds('GONE-1', 3);
    expect(await story(id)).not.toContain('waybill.order.cancelled.v1');
  });

  it('waits while the carrier is silent, answers at once all the same, and ends when the carrier speaks', async () => {
    const { customer } = platform;
    const { id } = await confirmed('SILENT-1', 'silent');
    expect((await customer.cancel(id)).status).toBe(202);
    await until(async () => {
      const [row] = await platform.query('shipping', 'SELECT status, attempts, last_problem FROM shipments WHERE order_id = $1', [id]);
      return row?.['status'] === 'CANCELLING' && Number(row['attempts']) >= 3 && row['last_problem'] !== null;
    });
    expect(await customer.order(id)).toMatchObject({ status: 'CANCELLING' });
    expect(await customer.stock('SILENT-1')).toMatchObject({ reserved: 2 });
    await customer.carrier({ mode: 'ok' });
    expect(await customer.ended(id)).toMatchObject({ status: 'CANCELLED' });
    await holds('SILENT-1', 5);
  });
});

describe('a cancellation at the moment of the dispatch', () => {
  it('of many orders ends each in one of two ways, and the stock adds up', async () => {
    const { customer } = platform;
    await customer.setStock('RACE-1', 100);
    await customer.carrier({ mode: 'ok' });
    const ended = await Promise.all(
      Array.from({ length: 24 }, async (_, index) => {
        const { id } = await customer.placed([{ sku: 'RACE-1', quantity: 1 }]);
        // Some before the confirmation, some in the middle of the call to the carrier, some after the dispatch.
        await sleep(index * 15);
        expect([200, 202, 409]).toContain((await customer.cancel(id)).status);
        return customer.ended(id);
      }),
    );
    const shipped = ended.filter(({ status }) => status === 'SHIPPED');
    expect(ended.filter(({ status }) => status === 'CANCELLED')).toHaveLength(24 - shipped.length);
    await holds('RACE-1', 100 - shipped.length);
    const dispatched = await platform.query('shipping', `SELECT order_id FROM shipments WHERE status = 'DISPATCHED' AND order_id = ANY ($1)`, [
      ended.map(({ id }) => id),
    ]);
    expect(dispatched.map((row) => row['order_id']).sort()).toEqual(shipped.map(({ id }) => id).sort());
  });
});

describe('the deadline', () => {
  it('cancels what is only placed, and has what is confirmed called back', async () => {
    const { customer } = platform;
    const late = await confirmed('LATE-1', 'silent');
    await customer.setStock('UNHEARD-1', 5);
    const inventory = platform.process('inventory');
    inventory.pause();
    try {
      const unheard = await customer.placed([{ sku: 'UNHEARD-1', quantity: 1 }]);
      expect(await customer.ended(unheard.id)).toMatchObject({
        status: 'CANCELLED',
        version: 2,
        reason: 'not shipped by its deadline',
      });
      // Its deadline was the earlier one.
      expect(await customer.order(late.id)).toMatchObject({ status: 'CANCELLING', reason: 'not shipped by its deadline' });
    } finally {
      inventory.resume();
    }
    await customer.carrier({ mode: 'ok' });
    expect(await customer.ended(late.id)).toMatchObject({ status: 'CANCELLED', reason: 'not shipped by its deadline' });
    await holds('LATE-1', 5);
    await holds('UNHEARD-1', 5);
  });
});

describe('npm run waybill -- reconcile', () => {
  interface Found {
    readonly inFlight: number;
    readonly mismatches: { kind: string; orderId: string | null }[];
  }

  function reconcile(...options: string[]): Promise<{ code: number; found: Found }> {
    return new Promise((resolve, reject) => {
      const env = { ...process.env, ...platform.databaseVariables(), WAYBILL_KAFKA_BROKERS: platform.brokers };
      execFile(process.execPath, [cli, 'reconcile', '--json', ...options], { env }, (error, stdout, stderr) => {
        const code = error === null ? 0 : Number(error.code);
        if (code > 1) {
          reject(new Error(`reconcile ended with ${code}: ${stderr}`));
        } else {
          resolve({ code, found: JSON.parse(stdout) as Found });
        }
      });
    });
  }

  it('finds that all of this fits together', async () => {
    expect(await reconcile()).toMatchObject({ code: 0, found: { mismatches: [] } });
  });

  it('leaves out what stands in a topic unread, and lists who waits', async () => {
    const { customer } = platform;
    const inventory = platform.process('inventory');
    inventory.pause();
    try {
      const { id } = await customer.placed([{ sku: 'BACK-1', quantity: 1 }]);
      // It is not the deadline that is told of here.
      await platform.query('orders', `UPDATE orders SET deadline_at = now() + interval '1 hour' WHERE id = $1`, [id]);
      await until(async () => (await platform.query('orders', 'SELECT 1 FROM outbox')).length === 0);
      expect(await reconcile('--settle', '500ms')).toMatchObject({ code: 0, found: { inFlight: 1, mismatches: [] } });
      const waiting = await reconcile('--settle', '500ms', '--older-than', '0ms');
      expect(waiting).toMatchObject({ code: 1, found: { mismatches: [{ kind: 'waiting', orderId: id }] } });
      await customer.cancel(id);
    } finally {
      inventory.resume();
    }
    await platform.caughtUp();
  });

  it('finds what somebody has changed by hand', async () => {
    const { customer } = platform;
    const { id } = await confirmed('HAND-1', 'fail');
    await customer.cancel(id);
    await customer.carrier({ mode: 'ok' });
    await customer.ended(id);
    await holds('HAND-1', 5);
    await platform.query('inventory', `UPDATE reservations SET status = 'RESERVED' WHERE order_id = $1`, [id]);
    const { code, found } = await reconcile();
    expect(code).toBe(1);
    expect(found.mismatches).toMatchObject([
      { kind: 'reservation-held', orderId: id },
      { kind: 'reserved-sum', orderId: null },
    ]);
  });
});
