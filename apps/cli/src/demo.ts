import { setTimeout as sleep } from 'node:timers/promises';
import { publishers, services } from '@waybill/contracts';
import type { StackFile } from '@waybill/local';
import { UnavailableError } from './command-errors.js';
import { palette } from './palette.js';
import { type TailedRecord, tailTopics } from './topic-tail.js';

interface Order {
  readonly id: string;
  readonly status: string;
  readonly reason?: string | null;
  readonly trackingCode?: string | null;
}

interface Stock {
  readonly onHand: number;
  readonly reserved: number;
  readonly available: number;
}

export interface DemoOptions {
  readonly print: (line: string) => void;
  readonly colour: boolean;
}

const SKU = 'DEMO-BOOK';
const QUANTITY = 2;
const PATIENCE_MS = 30_000;
const FINAL = new Set(['SHIPPED', 'REJECTED', 'CANCELLED']);
/** What has to be in Kafka before the story of a shipped order is told to its end. */
const STORY = [
  'order.placed',
  'stock.reserved',
  'order.confirmed',
  'shipment.requested',
  'shipment.dispatched',
  'order.shipped',
  'stock.shipped',
];

/** Stocks a SKU, places an order, follows it through Kafka to its end, and tells what happened. Returns the exit code. */
export async function demo(stack: StackFile, { print, colour }: DemoOptions): Promise<number> {
  const paint = palette(colour);
  const orders = urlOf(stack, 'orders');
  const inventory = urlOf(stack, 'inventory');
  const seen: TailedRecord[] = [];
  const tail = await tailTopics(
    stack.kafka.brokers,
    services.map((service) => publishers[service].topic),
    (record) => seen.push(record),
  ).catch((cause: unknown) => {
    throw new UnavailableError(`Kafka at ${stack.kafka.brokers} does not answer: ${String(cause)}`, { cause });
  });
  try {
    await refill(inventory);
    const before = await getJson<Stock>(`${inventory}/stock/${SKU}`);
    print(paint.dim(`  ${SKU}: ${before.onHand} on hand, ${before.available} available`));
    print('');

    const startedAt = Date.now();
    const started = performance.now();
    const order = await placeOrder(orders);
    const answeredMs = performance.now() - started;
    const since = (at: number) => paint.number(`${String(Math.max(0, Math.round(at))).padStart(6)} ms`);
    print(`${since(answeredMs)}  ${paint.bold('POST /orders'.padEnd(31))} 201 ${order.status}  ${paint.dim(order.id)}`);

    const mine = () => seen.filter(({ key }) => key === order.id);
    let told = 0;
    let current = order;
    const tell = () => {
      for (const record of mine().slice(told)) {
        told++;
        const place = `${record.topic} p${record.partition} @${record.offset}`;
        print(
          `${since(record.timestampMs - startedAt)}  ${paint.event(nameOf(record.type).padEnd(31))} ${paint.dim(place.padEnd(28))} ${describe(record)}`,
        );
      }
    };
    const complete = () => STORY.every((name) => mine().some((record) => nameOf(record.type) === name));
    while (performance.now() - started < PATIENCE_MS && !complete()) {
      tell();
      current = await getJson<Order>(`${orders}/orders/${order.id}`);
      if (FINAL.has(current.status) && current.status !== 'SHIPPED') {
        break;
      }
      await sleep(20);
    }
    tell();
    current = await getJson<Order>(`${orders}/orders/${order.id}`);
    const after = await getJson<Stock>(`${inventory}/stock/${SKU}`);
    print('');
    return conclude(current, before, after);
  } finally {
    await tail.stop();
  }

  function conclude(order: Order, before: Stock, after: Stock): number {
    const shipped = order.status === 'SHIPPED';
    const ended = shipped ? `tracking code ${order.trackingCode ?? '?'}` : (order.reason ?? 'not at its end yet');
    print(`  ${shipped ? paint.good(order.status) : paint.bad(order.status)}  ${ended}`);
    print(paint.dim(`  ${SKU}: ${before.onHand} on hand before, ${after.onHand} now, ${after.reserved} reserved`));
    return shipped ? 0 : 1;
  }

  async function placeOrder(url: string): Promise<Order> {
    const response = await request(`${url}/orders`, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify({
        customerId: '01937fd1-7f5a-7c3e-8a55-0f1b1c2d3e4f',
        lines: [{ sku: SKU, quantity: QUANTITY }],
        shipTo: { name: 'Ada Lovelace', street: 'Unter den Linden 1', city: 'Berlin', postcode: '10117', country: 'DE' },
      }),
    });
    if (response.status !== 201) {
      throw new DemoError(`POST ${url}/orders should answer 201, got ${response.status}: ${await response.text()}`);
    }
    const order = (await response.json()) as Order;
    tellTrace(response.headers.get('traceresponse')?.split('-')[1]);
    return order;
  }

  function tellTrace(traceId: string | undefined): void {
    if (traceId === undefined) {
      return;
    }
    const where =
      stack.jaeger === null
        ? paint.dim('(no Jaeger here: set OTEL_EXPORTER_OTLP_ENDPOINT before npm start to see it drawn)')
        : `${stack.jaeger}/trace/${traceId}`;
    print(`  trace ${paint.bold(traceId)}  ${where}`);
    print('');
  }
}

/** What went wrong, in words for a person. */
export class DemoError extends Error {
  readonly code = 'DEMO';
  readonly exitCode = 1;
}

/** Enough for this order and the next ones, whatever earlier demos took. */
async function refill(inventory: string): Promise<void> {
  const found = await request(`${inventory}/stock/${SKU}`);
  const stock = found.ok ? ((await found.json()) as Stock) : undefined;
  if (stock !== undefined && stock.available >= QUANTITY) {
    return;
  }
  const onHand = (stock?.reserved ?? 0) + 100;
  const response = await request(`${inventory}/stock/${SKU}`, {
    method: 'PUT',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify({ onHand }),
  });
  if (!response.ok) {
    throw new DemoError(`PUT ${inventory}/stock/${SKU} should succeed, got ${response.status}: ${await response.text()}`);
  }
}

async function request(url: string, init?: RequestInit): Promise<Response> {
  try {
    return await fetch(url, init);
  } catch (cause) {
    throw new UnavailableError(`${url} does not answer. npm run waybill -- status`, { cause });
  }
}

async function getJson<T>(url: string): Promise<T> {
  const response = await request(url);
  if (!response.ok) {
    throw new DemoError(`GET ${url} should succeed, got ${response.status}: ${await response.text()}`);
  }
  return (await response.json()) as T;
}

function urlOf(stack: StackFile, name: string): string {
  const service = stack.services.find((each) => each.name === name);
  if (service === undefined) {
    throw new DemoError(`The running stack has no service called ${name}.`);
  }
  return service.url;
}

/** `waybill.order.placed.v1` is `order.placed` to a reader. */
function nameOf(type: string): string {
  return type.replace(/^waybill\./, '').replace(/\.v\d+$/, '');
}

function describe({ type, value }: TailedRecord): string {
  const data = JSON.parse(value) as {
    lines?: { sku: string; quantity: number }[];
    reason?: string;
    /** In version 1 of shipment.dispatched; later ones have it in `label`. */
    labelId?: string;
    label?: { id: string };
    trackingCode?: string;
  };
  const lines = data.lines?.map(({ sku, quantity }) => `${quantity} x ${sku}`).join(', ');
  switch (nameOf(type)) {
    case 'order.placed':
      return `inventory is asked for ${lines ?? ''}`;
    case 'stock.reserved':
      return `reserved ${lines ?? ''}`;
    case 'order.confirmed':
      return 'shipping may start';
    case 'shipment.requested':
      return 'the carrier will be asked for a label';
    case 'shipment.dispatched':
      return `label ${data.label?.id ?? data.labelId ?? ''}`;
    case 'order.shipped':
      return `tracking code ${data.trackingCode ?? ''}`;
    case 'stock.shipped':
      return `${lines ?? ''} left the shelf`;
    default:
      return data.reason ?? '';
  }
}
