import { readFile } from 'node:fs/promises';
import { setTimeout as sleep } from 'node:timers/promises';
import { until } from '@waybill/testing';
import autocannon from 'autocannon';
import { Customer, customerId, shipTo } from '../../customer.js';
import { barChart } from '../bar-chart.js';
import type { BenchStack } from '../bench-stack.js';
import { cpuNote, cpuSeconds } from '../cpu-clock.js';
import type { Findings } from '../report.js';
import { inRounds } from '../rounds.js';
import { SeriesBook } from '../series.js';

export interface OrdersPartOptions {
  readonly rounds: number;
  readonly orders: number;
  readonly say: (line: string) => void;
}

const CONNECTIONS = 50;
const ON_HAND = 1_000_000_000;
const TIMEOUT_MS = 300_000;
const ASK_EVERY_MS = 100;
/** One of each aggregate: seven events carry an order from PLACED to SHIPPED. */
const EVENTS_PER_ORDER = 7;

interface Goods {
  readonly title: string;
  readonly skus: readonly string[];
}

const hot: Goods = { title: 'all of one product', skus: ['BENCH-0'] };
const mixed: Goods = { title: 'of a hundred products', skus: Array.from({ length: 100 }, (_, index) => `BENCH-${index}`) };

const flowName = ({ title }: Goods): string => `orders from POST to SHIPPED, ${title}`;

/** Orders as quickly as they are taken, until the last is shipped: the whole platform on one machine. */
export async function ordersPart(stack: BenchStack, { rounds, orders, say }: OrdersPartOptions): Promise<Findings> {
  const book = new SeriesBook();
  const customer = new Customer({
    orders: stack.url('orders'),
    inventory: stack.url('inventory'),
    shipping: stack.url('shipping'),
    carrier: stack.url('carrier'),
  });
  for (const sku of mixed.skus) {
    await customer.setStock(sku, ON_HAND);
  }
  say('warming up');
  await flow(stack, customer, new SeriesBook(), mixed, Math.min(500, orders));
  const cases = [hot, mixed].map((goods) => ({
    name: flowName(goods),
    run: () => flow(stack, customer, book, goods, orders),
  }));
  await inRounds(cases, rounds, say);
  const services = stack.file.services.filter(({ name }) => name !== 'carrier');
  const memory = Math.max(...(await Promise.all(services.map(({ pid }) => residentMiB(pid)))));
  const rate = book.median(flowName(mixed));
  const series = book.all();
  const title = 'The whole platform, orders a second';
  return {
    series,
    figures: [
      { name: flowName(mixed), value: rate, unit: 'orders/s', goal: { at: 'least', value: 300 } },
      { name: 'events that each of three services handles or sends', value: (rate * EVENTS_PER_ORDER) / 3, unit: 'events/s' },
      { name: 'memory of the largest service under load', value: memory, unit: 'MiB', goal: { at: 'most', value: 250 } },
    ],
    charts: [{ name: 'orders', title, svg: barChart(title, series, () => true) }],
    remarks: [],
  };
}

async function flow(stack: BenchStack, customer: Customer, book: SeriesBook, goods: Goods, orders: number): Promise<void> {
  const roots = { everything: [stack.file.pid] };
  const before = cpuSeconds(roots);
  const onHand = await total(customer, goods);
  const started = performance.now();
  const { non2xx, errors } = await autocannon({
    url: `${customer.urls.orders}/orders`,
    connections: CONNECTIONS,
    amount: orders,
    requests: goods.skus.map((sku) => ({
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify({ customerId, lines: [{ sku, quantity: 1 }], shipTo }),
    })),
  });
  if (non2xx + errors > 0) {
    throw new Error(`${non2xx + errors} of ${orders} orders were not taken`);
  }
  while (await someAreOpen(customer)) {
    if (performance.now() - started > TIMEOUT_MS) {
      throw new Error(`not all of ${orders} orders were shipped within ${TIMEOUT_MS / 1_000} s`);
    }
    await sleep(ASK_EVERY_MS);
  }
  const seconds = (performance.now() - started) / 1_000;
  book.add(flowName(goods), 'orders/s', orders / seconds, cpuNote(before, cpuSeconds(roots), orders));
  // Each order came to the end that is meant: its goods have left.
  await until(async () => (await total(customer, goods)) === onHand - orders, { what: `the goods of ${orders} orders to leave` });
}

/** Two questions that an index answers: whoever waits must not be a load. */
async function someAreOpen(customer: Customer): Promise<boolean> {
  for (const status of ['PLACED', 'CONFIRMED']) {
    const page = await fetch(`${customer.urls.orders}/orders?status=${status}&limit=1`);
    const { items } = (await page.json()) as { items: unknown[] };
    if (items.length > 0) {
      return true;
    }
  }
  return false;
}

/** What is in stock of all the goods; shipped stock has left it. */
async function total(customer: Customer, { skus }: Goods): Promise<number> {
  const stocks = await Promise.all(skus.map((sku) => customer.stock(sku)));
  return stocks.reduce((sum, { onHand }) => sum + onHand, 0);
}

async function residentMiB(pid: number): Promise<number> {
  const status = await readFile(`/proc/${pid}/status`, 'utf8').catch(() => '');
  return Number(/^VmRSS:\s+(\d+) kB/m.exec(status)?.[1] ?? 0) / 1_024;
}
