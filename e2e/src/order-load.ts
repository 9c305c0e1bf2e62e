import { randomUUID } from 'node:crypto';
import { setTimeout as sleep } from 'node:timers/promises';
import { until } from '@waybill/testing';
import type { StockView } from './customer.js';
import type { Platform } from './platform.js';

/** What became of all orders of a load, once the last has ended. */
export interface LoadOutcome {
  /** Orders by the status in which they ended. */
  readonly ended: Readonly<Record<string, number>>;
  readonly stock: StockView;
  readonly shipments: number;
}

const PAUSE_MS = 25;

/** Orders of one piece each, one after another through all instances, until told to stop; each with a key of its own. */
export class OrderLoad {
  private readonly ids: Promise<string>[] = [];
  private going = true;
  private readonly running: Promise<void>;

  constructor(
    private readonly platform: Platform,
    private readonly sku: string,
  ) {
    this.running = this.run(platform.urlsOf('orders'));
  }

  /** The ids of all orders, each accepted in the end. */
  async stop(): Promise<string[]> {
    this.going = false;
    await this.running;
    return Promise.all(this.ids);
  }

  private async run(urls: readonly string[]): Promise<void> {
    const { customer } = this.platform;
    for (let turn = 0; this.going; turn++) {
      const lines = [{ sku: this.sku, quantity: 1 }];
      this.ids.push(customer.placedInTheEnd(lines, randomUUID(), urls[turn % urls.length]).then(({ id }) => id));
      await sleep(PAUSE_MS);
    }
  }
}

/** Waits for the end of these orders, all of them for this SKU, and for the stock to have followed. */
export async function outcomeOf(platform: Platform, sku: string, ids: readonly string[]): Promise<LoadOutcome> {
  const ended: Record<string, number> = {};
  for (const id of ids) {
    const { status } = await platform.customer.ended(id, 90_000);
    ended[status] = (ended[status] ?? 0) + 1;
  }
  await until(async () => (await platform.customer.stock(sku)).reserved === 0, { timeoutMs: 60_000 });
  const shipments = await platform.query('shipping', 'SELECT order_id FROM shipments WHERE order_id = ANY ($1)', [ids]);
  return { ended, stock: await platform.customer.stock(sku), shipments: shipments.length };
}

/** As it must be: nothing lost, nothing twice. */
export function allShippedOnce(initial: number, ids: readonly string[]): LoadOutcome {
  const onHand = initial - new Set(ids).size;
  return { ended: { SHIPPED: ids.length }, stock: { onHand, reserved: 0, available: onHand }, shipments: ids.length };
}
