import { until } from '@waybill/testing';

export interface OrderView {
  readonly id: string;
  readonly status: string;
  readonly version: number;
  readonly reason: string | null;
  readonly trackingCode: string | null;
}

export interface StockView {
  readonly onHand: number;
  readonly reserved: number;
  readonly available: number;
}

export interface Urls {
  readonly orders: string;
  readonly inventory: string;
  readonly shipping: string;
  readonly carrier: string;
}

export interface Line {
  readonly sku: string;
  readonly quantity: number;
}

export const customerId = '01937fd1-7f5a-7c3e-8a55-0f1b1c2d3e4f';
export const shipTo = {
  name: 'Ada Lovelace',
  street: 'Unter den Linden 1',
  city: 'Berlin',
  postcode: '10117',
  country: 'DE',
};

const FINAL = ['SHIPPED', 'REJECTED', 'CANCELLED'];

/** What a customer and a warehouse clerk can do: HTTP, and nothing else. */
export class Customer {
  constructor(readonly urls: Urls) {}

  place(lines: readonly Line[], headers: Record<string, string> = {}, url = this.urls.orders): Promise<Response> {
    return this.send('POST', `${url}/orders`, { customerId, lines, shipTo }, headers);
  }

  /** Places an order that is expected to be accepted. */
  async placed(lines: readonly Line[], headers: Record<string, string> = {}): Promise<OrderView> {
    return expectOk<OrderView>(await this.place(lines, headers), 201);
  }

  /** Goes on asking until the answer is 201, as a client with an Idempotency-Key may. */
  async placedInTheEnd(lines: readonly Line[], key: string, url = this.urls.orders): Promise<OrderView> {
    return until(
      async () => expectOk<OrderView>(await this.place(lines, { 'idempotency-key': key }, url), 201),
      { timeoutMs: 60_000, intervalMs: 200, what: `the order with key ${key}` },
    );
  }

  async order(id: string): Promise<OrderView> {
    return expectOk<OrderView>(await fetch(`${this.urls.orders}/orders/${id}`));
  }

  /** The order once it has come to its end. */
  async ended(id: string, timeoutMs = 60_000): Promise<OrderView> {
    return until(
      async () => {
        const order = await this.order(id);
        return FINAL.includes(order.status) ? order : undefined;
      },
      { timeoutMs, what: `the end of order ${id}` },
    );
  }

  cancel(id: string): Promise<Response> {
    return fetch(`${this.urls.orders}/orders/${id}/cancel`, { method: 'POST' });
  }

  async stock(sku: string): Promise<StockView> {
    return expectOk<StockView>(await fetch(`${this.urls.inventory}/stock/${sku}`));
  }

  async setStock(sku: string, onHand: number): Promise<void> {
    await until(async () => expectOk(await this.send('PUT', `${this.urls.inventory}/stock/${sku}`, { onHand })), {
      what: `stock of ${sku}`,
    });
  }

  async carrier(behaviour: { mode: string; delayMs?: number; failureRate?: number }): Promise<void> {
    const whole = { delayMs: 0, failureRate: 0, ...behaviour };
    await expectOk(await this.send('PUT', `${this.urls.carrier}/behaviour`, whole));
  }

  send(method: string, url: string, body: unknown, headers: Record<string, string> = {}): Promise<Response> {
    return fetch(url, {
      method,
      headers: { 'content-type': 'application/json', ...headers },
      body: typeof body === 'string' ? body : JSON.stringify(body),
    });
  }
}

async function expectOk<T>(response: Response, status = 200): Promise<T> {
  const text = await response.text();
  if (response.status !== status) {
    throw new Error(`${response.url} should answer ${status}, got ${response.status}: ${text}`);
  }
  return JSON.parse(text) as T;
}
