import { setTimeout as sleep } from 'node:timers/promises';
import autocannon from 'autocannon';
import { Customer, customerId, shipTo } from '../customer.js';
import type { BenchStack } from './bench-stack.js';
import type { Figure } from './figure.js';
import { bucketsOf, quantile, since } from './histogram.js';
import { percentile } from './statistics.js';

const SKU = 'BENCH-1';
const LATENCY = 'waybill_outbox_latency_seconds';
const IDLE_ORDERS = 60;
const LOAD_SECONDS = 10;
/** Shorter than a consumer's session. */
const PAUSED_SECONDS = 6;
const CONNECTIONS = 50;

/** The figures of a laptop in less than two minutes: memory, idle latency, throughput, latency at half of it. */
export async function quick(stack: BenchStack, say: (line: string) => void): Promise<Figure[]> {
  const customer = new Customer({
    orders: stack.url('orders'),
    inventory: stack.url('inventory'),
    shipping: stack.url('shipping'),
    carrier: stack.url('carrier'),
  });
  await customer.setStock(SKU, 1_000_000_000);
  await orderOneByOne(customer, 10);

  say(`${IDLE_ORDERS} orders, one by one`);
  const before = bucketsOf(await stack.scrape('orders'), LATENCY);
  const placedToShipped = await orderOneByOne(customer, IDLE_ORDERS);
  const outbox = since(before, bucketsOf(await stack.scrape('orders'), LATENCY));
  const idleBytes = await stack.residentBytes();

  say(`as many orders as it takes, for ${LOAD_SECONDS} s`);
  await load(customer, 3);
  const full = await load(customer, LOAD_SECONDS);
  const loadedBytes = await stack.residentBytes();
  say('waiting until these orders are shipped');
  const drained = await drain(customer);

  say(`the same with the other services paused, for ${PAUSED_SECONDS} s`);
  const alone = await stack.whilePaused(['inventory', 'shipping', 'carrier'], () => load(customer, PAUSED_SECONDS));
  await drain(customer);

  const half = Math.max(1, Math.round(full.requests.average / 2));
  say(`${half} orders a second, for ${LOAD_SECONDS} s`);
  const steady = await load(customer, LOAD_SECONDS, half);
  await drain(customer);

  return [
    { name: 'npm start to ready', value: stack.startMs / 1_000, unit: 's', goal: { at: 'most', value: 15 } },
    { name: 'memory, idle', value: idleBytes / 2 ** 20, unit: 'MiB', goal: { at: 'most', value: 1_500 } },
    { name: 'memory, under load', value: loadedBytes / 2 ** 20, unit: 'MiB', goal: { at: 'most', value: 1_500 } },
    { name: 'POST /orders, all that goes', value: full.requests.average, unit: 'req/s', goal: { at: 'least', value: 1_000 } },
    { name: 'the same, p50', value: full.latency.p50, unit: 'ms' },
    { name: 'the same, p99', value: full.latency.p99, unit: 'ms' },
    { name: 'POST /orders at half of that, p50', value: steady.latency.p50, unit: 'ms' },
    { name: 'POST /orders at half of that, p99', value: steady.latency.p99, unit: 'ms', goal: { at: 'most', value: 50 } },
    { name: 'POST /orders, other services paused', value: alone.requests.average, unit: 'req/s' },
    { name: 'the same, p99, other services paused', value: alone.latency.p99, unit: 'ms' },
    { name: 'answers that were not 201', value: full.non2xx + full.errors + alone.non2xx + alone.errors + steady.non2xx + steady.errors, unit: '', goal: { at: 'most', value: 0 } },
    { name: 'placed to shipped after the load, the backlog', value: drained, unit: 'orders/s' },
    { name: 'placed to shipped, idle, p50', value: percentile(placedToShipped, 0.5), unit: 'ms', goal: { at: 'most', value: 120 } },
    { name: 'placed to shipped, idle, p99', value: percentile(placedToShipped, 0.99), unit: 'ms' },
    { name: 'in the outbox, idle, p50', value: quantile(outbox, 0.5) * 1_000, unit: 'ms', goal: { at: 'most', value: 5 } },
    { name: 'in the outbox, idle, p99', value: quantile(outbox, 0.99) * 1_000, unit: 'ms', goal: { at: 'most', value: 20 } },
  ];
}

/** Milliseconds from the request to the moment when the customer sees SHIPPED, of each order. */
async function orderOneByOne(customer: Customer, count: number): Promise<number[]> {
  const times: number[] = [];
  for (let index = 0; index < count; index++) {
    const started = performance.now();
    const { id } = await customer.placed([{ sku: SKU, quantity: 1 }]);
    while ((await customer.order(id)).status !== 'SHIPPED') {
      if (performance.now() - started > 30_000) {
        throw new Error(`order ${id} was not shipped within 30 s on an idle stack`);
      }
      await sleep(4);
    }
    times.push(performance.now() - started);
    await sleep(50);
  }
  return times;
}

function load(customer: Customer, seconds: number, perSecond?: number): Promise<autocannon.Result> {
  return autocannon({
    url: `${customer.urls.orders}/orders`,
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify({ customerId, lines: [{ sku: SKU, quantity: 1 }], shipTo }),
    connections: CONNECTIONS,
    duration: seconds,
    ...(perSecond === undefined ? {} : { overallRate: perSecond }),
  });
}

/** Waits until everything is shipped; returns how many orders a second that was. */
async function drain(customer: Customer): Promise<number> {
  const first = await customer.stock(SKU);
  const started = performance.now();
  for (let left = await open(customer); left > 0; left = await open(customer)) {
    if (performance.now() - started > 300_000) {
      throw new Error(`${left} orders were still open 5 minutes after the load`);
    }
    await sleep(250);
  }
  const last = await customer.stock(SKU);
  return (first.onHand - last.onHand) / ((performance.now() - started) / 1_000);
}

/** 0 when no order waits for anybody any more. */
async function open(customer: Customer): Promise<number> {
  for (const status of ['PLACED', 'CONFIRMED']) {
    const page = await fetch(`${customer.urls.orders}/orders?status=${status}&limit=1`);
    const { items } = (await page.json()) as { items: unknown[] };
    if (items.length > 0) {
      return 1;
    }
  }
  return (await customer.stock(SKU)).reserved;
}
