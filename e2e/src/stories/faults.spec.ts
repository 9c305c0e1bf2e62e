import { setTimeout as sleep } from 'node:timers/promises';
import { services } from '@waybill/contracts';
import { until } from '@waybill/testing';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { allShippedOnce, OrderLoad, outcomeOf } from '../order-load.js';
import { Platform } from '../platform.js';

/*
 * Two instances of each service, and things that die. What is asked each time: every order that was accepted comes to
 * its end, and the stock adds up, so that nothing was lost and nothing had an effect twice.
 */

let platform: Platform;

beforeAll(async () => {
  platform = await Platform.start({ instances: 2 });
});

afterAll(async () => {
  await platform.stop();
});

async function expectAllShippedOnce(sku: string, initial: number, ids: readonly string[]): Promise<void> {
  expect(ids.length).toBeGreaterThan(0);
  expect(await outcomeOf(platform, sku, ids)).toMatchObject(allShippedOnce(initial, ids));
}

describe('two instances of each service', () => {
  it('work side by side: their relays share the outbox of a service, both take requests', async () => {
    await platform.customer.setStock('TWO-1', 100_000);
    const ordering = new OrderLoad(platform, 'TWO-1');
    await sleep(1_500);
    await expectAllShippedOnce('TWO-1', 100_000, await ordering.stop());
    for (const service of services) {
      const owners = await platform.query(service, 'SELECT owner, count(*) FROM outbox_leases GROUP BY owner');
      const half = { owner: expect.stringContaining(service) as string, count: '32' };
      expect(owners).toEqual([half, half]);
    }
  });
});

describe('kill -9 in mid-flow', () => {
  it.each(['orders', 'inventory', 'shipping', 'carrier'] as const)('of %s loses nothing and doubles nothing', async (name) => {
    const sku = `KILL-${name}`;
    await platform.customer.setStock(sku, 100_000);
    const ordering = new OrderLoad(platform, sku);
    for (const instance of platform.instancesOf(name)) {
      await sleep(400);
      await platform.process(name, instance).killAndRestart();
    }
    await sleep(400);
    await expectAllShippedOnce(sku, 100_000, await ordering.stop());
  });
});

describe('Kafka away for 30 s', () => {
  it('orders are accepted all the time, services stay ready, and then everything arrives', async () => {
    const { customer } = platform;
    await customer.setStock('KAFKA-1', 1_000);
    await platform.kafka.stop();
    const stoppedAt = performance.now();
    const ids: string[] = [];
    await until(async () => {
      ids.push((await customer.placed([{ sku: 'KAFKA-1', quantity: 1 }])).id);
      return performance.now() - stoppedAt > 30_000;
    }, { timeoutMs: 60_000, intervalMs: 500 });
    for (const service of services) {
      const ready = await fetch(`${customer.urls[service]}/health/ready`);
      expect(ready.status).toBe(200);
      expect(await ready.json()).toMatchObject({ status: 'degraded' });
    }
    expect((await customer.order(ids[0] ?? '')).status).toBe('PLACED');
    await platform.kafka.start();
    await expectAllShippedOnce('KAFKA-1', 1_000, ids);
  });
});

describe('Postgres killed and started again', () => {
  it('services say not ready, live on, come back, and nothing is lost', async () => {
    const { customer } = platform;
    await customer.setStock('POSTGRES-1', 1_000);
    const before = platform.pids();
    const ordering = new OrderLoad(platform, 'POSTGRES-1');
    await sleep(500);
    await platform.postgres.kill();
    await until(async () => (await fetch(`${customer.urls.orders}/health/ready`)).status === 503);
    const refused = await customer.place([{ sku: 'POSTGRES-1', quantity: 1 }]);
    expect(refused.status).toBe(503);
    expect(refused.headers.get('retry-after')).toMatch(/^\d+$/);
    expect((await fetch(`${customer.urls.orders}/health/live`)).status).toBe(200);
    await platform.postgres.start();
    await until(async () => (await fetch(`${customer.urls.orders}/health/ready`)).status === 200);
    await expectAllShippedOnce('POSTGRES-1', 1_000, await ordering.stop());
    expect(platform.pids()).toEqual(before);
  });
});

describe('the stack stopped and started', () => {
  it('keeps its data', async () => {
    const { customer } = platform;
    await customer.setStock('KEEP-1', 7);
    const { id } = await customer.placed([{ sku: 'KEEP-1', quantity: 1 }]);
    await customer.ended(id);
    await until(async () => (await customer.stock('KEEP-1')).onHand === 6);
    await platform.restart();
    expect((await platform.customer.order(id)).status).toBe('SHIPPED');
    expect(await platform.customer.stock('KEEP-1')).toMatchObject({ onHand: 6, reserved: 0 });
    const next = await platform.customer.placed([{ sku: 'KEEP-1', quantity: 1 }]);
    expect((await platform.customer.ended(next.id)).status).toBe('SHIPPED');
  });
});
