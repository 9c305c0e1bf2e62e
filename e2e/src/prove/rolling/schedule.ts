import { customerId, shipTo } from '../../customer.js';

/** One request of the load. */
export interface Ask {
  readonly to: 'orders' | 'inventory' | 'shipping';
  readonly method: 'GET' | 'POST';
  readonly path: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly body?: string;
  /** The second half of the body comes so much later. */
  readonly bodyAfterMs: number;
  /** Of an order that is placed. */
  readonly key?: string;
  readonly expects: readonly number[];
}

export interface AskOptions {
  readonly inventoryUrl?: string;
  readonly shippingUrl?: string;
  readonly sku: string;
  readonly run: string;
  /** Where a page of orders is asked for; absent: the newest five. */
  readonly pagePath?: string;
}

/** One in sixteen places an order, and one in fifty over a slow line: it is in flight for longer than a drain lasts. */
const PLACE_EVERY = 16;
const LIST_EVERY = 8;
const SLOW_EVERY = 50;
const SLOW_MS = 2_500;

/** What is asked at this turn; `orderId` is one of the last that were accepted, if there is one. */
export function askOf(turn: number, orderId: string | undefined, options: AskOptions): Ask {
  const isSlow = turn % SLOW_EVERY === 1;
  if (isSlow || turn % PLACE_EVERY === 0) {
    return placing(turn, isSlow ? SLOW_MS : 0, options);
  }
  if (turn % LIST_EVERY === 1 || orderId === undefined) {
    return reading('orders', options.pagePath ?? '/orders?limit=5');
  }
  if (turn % 3 === 0 && options.inventoryUrl !== undefined) {
    return reading('inventory', `/stock/${options.sku}`);
  }
  if (turn % 5 === 0 && options.shippingUrl !== undefined) {
    // It is asked for before it is there.
    return reading('shipping', `/shipments/${orderId}`, [200, 404]);
  }
  return reading('orders', `/orders/${orderId}`);
}

function placing(turn: number, bodyAfterMs: number, { sku, run }: AskOptions): Ask {
  const body = JSON.stringify({ customerId, lines: [{ sku, quantity: 1 }], shipTo });
  const key = `${run}-${turn}`;
  return {
    to: 'orders',
    method: 'POST',
    path: '/orders',
    headers: { 'content-type': 'application/json', 'content-length': String(Buffer.byteLength(body)), 'idempotency-key': key },
    body,
    bodyAfterMs,
    key,
    expects: [201],
  };
}

function reading(to: Ask['to'], path: string, expects: readonly number[] = [200]): Ask {
  return { to, method: 'GET', path, headers: {}, bodyAfterMs: 0, expects };
}
