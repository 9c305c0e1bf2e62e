import '@waybill/tracing/register';
import { Writable } from 'node:stream';
import { migrate } from '@waybill/database';
import { type RunningService, startService } from '@waybill/service-defaults';
import { createTestDatabase, type TestDatabase, until } from '@waybill/testing';
import { uuidv7 } from 'uuidv7';
import { afterAll, beforeAll, describe, expect, inject, it } from 'vitest';
import { AppModule } from '../app.module.js';
import { configSchema } from '../config.js';
import { migrations } from '../persistence/migrations.js';

const shipTo = { name: 'Ada', street: 'Main Street 1', city: 'Berlin', postcode: '10115', country: 'DE' };
const customerId = '019ac000-0000-7000-8000-0000000000c1';
const lines = [{ sku: 'BOOK-1', quantity: 2 }];
const order = { customerId, lines, shipTo };

let database: TestDatabase;
let service: RunningService;

beforeAll(async () => {
  database = await createTestDatabase(inject('postgresAdminUrl'));
  await migrate({ url: database.url, applicationName: 'spec', migrations, log: () => undefined });
  service = await startService(
    { name: 'orders', config: configSchema, module: AppModule },
    {
      // No broker listens there, and none is asked: this process has the role http only.
      env: { WAYBILL_ORDERS_DATABASE_URL: database.url, WAYBILL_KAFKA_BROKERS: '127.0.0.1:1', ROLES: 'http' },
      port: 0,
      exit: () => undefined,
      logTo: new Writable({ write: (_chunk, _encoding, done) => done() }),
    },
  );
  await until(async () => (await get('/orders')).status === 200);
});
afterAll(async () => {
  await service.shutdown.stop('spec');
  await database.drop();
});

interface Answer {
  readonly status: number;
  readonly headers: Readonly<Record<string, unknown>>;
  readonly body: Record<string, unknown>;
}

async function call(method: 'GET' | 'POST', url: string, payload?: unknown, headers: Record<string, string> = {}): Promise<Answer> {
  const response = await service.app.inject({
    method,
    url,
    ...(payload === undefined ? {} : { payload: payload as object }),
    headers: { ...(payload === undefined ? {} : { 'content-type': 'application/json' }), ...headers },
  });
  return {
    status: response.statusCode,
    headers: response.headers,
    body: response.body === '' ? {} : response.json<Record<string, unknown>>(),
  };
}

const get = (url: string) => call('GET', url);
const post = (payload: unknown, headers: Record<string, string> = {}) => call('POST', '/orders', payload, headers);

function fieldsOf({ body }: Answer): unknown[] {
  return (body['errors'] as { field: string }[] | undefined)?.map(({ field }) => field) ?? [];
}

describe('POST /orders', () => {
  it('answers 201 with the order and where it is to be found', async () => {
    const placed = await post(order);
    expect(placed.status).toBe(201);
    const { id } = placed.body as { id: string };
    expect(placed.headers['location']).toBe(`/orders/${id}`);
    expect(placed.body).toEqual({
      ...order,
      id,
      status: 'PLACED',
      version: 1,
      reason: null,
      shipmentId: null,
      trackingCode: null,
      createdAt: expect.stringMatching(/Z$/),
      updatedAt: placed.body['createdAt'],
      deadlineAt: new Date(Date.parse(placed.body['createdAt'] as string) + 24 * 3_600_000).toISOString(),
    });
    expect(await get(`/orders/${id}`)).toMatchObject({ status: 200, body: placed.body });
  });

  it('takes an order of 1,000 lines with the longest of everything', async () => {
    const many = Array.from({ length: 1_000 }, (_, index) => ({ sku: `${'S'.repeat(60)}${1_000 + index}`, quantity: 10_000 }));
    const long = { name: '€'.repeat(200), street: '€'.repeat(200), city: '€'.repeat(100), postcode: '€'.repeat(20), country: 'DE' };
    const placed = await post({ customerId, lines: many, shipTo: long });
    expect(placed.status).toBe(201);
    expect((await get(String(placed.headers['location']))).body['lines']).toEqual(many);
  });

  const line = (change: object) => ({ ...order, lines: [{ ...lines[0], ...change }] });
  const to = (change: object) => ({ ...order, shipTo: { ...shipTo, ...change } });

  it.each([
    ['no customer', { lines, shipTo }, 'customerId'],
    ['a customer that is no UUID', { ...order, customerId: 'ada' }, 'customerId'],
    ['a customer that is a number', { ...order, customerId: 7 }, 'customerId'],
    ['no lines', { customerId, shipTo }, 'lines'],
    ['an empty list of lines', { ...order, lines: [] }, 'lines'],
    ['lines that are no list', { ...order, lines: { sku: 'BOOK-1', quantity: 1 } }, 'lines'],
    ['1,001 lines', { ...order, lines: Array.from({ length: 1_001 }, () => lines[0]) }, 'lines'],
    ['a line that is null', { ...order, lines: [null] }, 'lines.0'],
    ['quantity 0', line({ quantity: 0 }), 'lines.0.quantity'],
    ['a negative quantity', line({ quantity: -1 }), 'lines.0.quantity'],
    ['quantity 1.5', line({ quantity: 1.5 }), 'lines.0.quantity'],
    ['quantity 10^9', line({ quantity: 1_000_000_000 }), 'lines.0.quantity'],
    ['quantity 10,001', line({ quantity: 10_001 }), 'lines.0.quantity'],
    ['a quantity in quotes', line({ quantity: '2' }), 'lines.0.quantity'],
    ['no SKU', line({ sku: undefined }), 'lines.0.sku'],
    ['an empty SKU', line({ sku: '' }), 'lines.0.sku'],
    ['a SKU with U+0000', line({ sku: 'BOOK\0' }), 'lines.0.sku'],
    ['a SKU of 65 characters', line({ sku: 'S'.repeat(65) }), 'lines.0.sku'],
    ['no address', { customerId, lines }, 'shipTo'],
    ['a name with U+0000', to({ name: 'A\0da' }), 'shipTo.name'],
    ['a name of 201 characters', to({ name: 'A'.repeat(201) }), 'shipTo.name'],
    ['an empty city', to({ city: '' }), 'shipTo.city'],
    ['a country in lower case', to({ country: 'de' }), 'shipTo.country'],
    ['a country that is a word', to({ country: 'Germany' }), 'shipTo.country'],
    ['a list', [order], '(body)'],
    ['a string', '"order"', '(body)'],
    ['null', 'null', '(body)'],
  ])('refuses %s with 400 and names the field', async (_name, payload, field) => {
    const refused = await post(payload);
    expect(refused.status).toBe(400);
    expect(refused.headers['content-type']).toContain('application/problem+json');
    expect(refused.body).toMatchObject({ type: 'urn:waybill:problem:validation', status: 400, instance: '/orders' });
    expect(refused.body['traceId']).toMatch(/^[0-9a-f]{32}$/);
    expect(fieldsOf(refused)).toContain(field);
  });

  it.each([
    ['at the top', { ...order, discount: 5 }, 'discount'],
    ['in a line', line({ price: 5 }), 'price'],
    ['in the address', to({ phone: '1' }), 'phone'],
  ])('refuses a property that it does not know, %s', async (_name, payload, property) => {
    const refused = await post(payload);
    expect(refused.status).toBe(400);
    expect(JSON.stringify(refused.body['errors'])).toContain(property);
  });

  it.each([
    ['JSON that is cut off', '{"customerId": ', 400],
    ['no body', undefined, 400],
    ['a body of 1 MB', { ...order, shipTo: { ...shipTo, name: 'A'.repeat(1_000_000) } }, 413],
  ])('refuses %s', async (_name, payload, status) => {
    const refused = await post(payload);
    expect(refused.status).toBe(status);
    expect(refused.headers['content-type']).toContain('application/problem+json');
  });

  it('refuses a body that does not say that it is JSON', async () => {
    expect((await post(JSON.stringify(order), { 'content-type': 'text/plain' })).status).toBe(415);
  });

  it('stores nothing of what it refuses', async () => {
    const before = (await database.query('SELECT 1 FROM orders')).length;
    await post(line({ quantity: 0 }));
    expect(await database.query('SELECT 1 FROM orders')).toHaveLength(before);
  });
});

describe('POST /orders with an Idempotency-Key', () => {
  it('answers the same request with the same order, however it is spelled', async () => {
    const key = { 'idempotency-key': uuidv7() };
    const first = await post(order, key);
    const again = await post({ shipTo, lines, customerId: customerId.toUpperCase() }, key);
    expect(again).toMatchObject({ status: 201, body: first.body });
    expect(again.headers['location']).toBe(first.headers['location']);
  });

  it('answers as it did then, also when the order has moved on', async () => {
    const key = { 'idempotency-key': uuidv7() };
    const first = await post(order, key);
    await call('POST', `${String(first.headers['location'])}/cancel`);
    expect((await post(order, key)).body).toEqual(first.body);
  });

  it('refuses the key for another body with 422', async () => {
    const key = { 'idempotency-key': uuidv7() };
    await post(order, key);
    const refused = await post({ ...order, lines: [{ sku: 'BOOK-1', quantity: 3 }] }, key);
    expect(refused).toMatchObject({ status: 422, body: { type: 'urn:waybill:problem:idempotency-key-reused' } });
  });

  it('lets a twin wait for two seconds, and then come again', async () => {
    const key = uuidv7();
    // A request that has taken the key and not committed yet.
    const holder = await holdKey(key);
    const busy = await post(order, { 'idempotency-key': key });
    expect(busy).toMatchObject({ status: 409, body: { type: 'urn:waybill:problem:idempotency-key-busy' } });
    expect(busy.headers['retry-after']).toBe('1');
    await holder.release();
    expect((await post(order, { 'idempotency-key': key })).status).toBe(201);
  });

  it.each(['', 'with a space', 'ä', 'k'.repeat(256)])('refuses the key %j', async (key) => {
    const refused = await post(order, { 'idempotency-key': key });
    expect(refused.status).toBe(400);
    expect(fieldsOf(refused)).toEqual(['Idempotency-Key']);
  });
});

describe('GET /orders/{id}', () => {
  it('answers 404 for an order that is not there', async () => {
    expect(await get(`/orders/${uuidv7()}`)).toMatchObject({
      status: 404,
      body: { type: 'urn:waybill:problem:order-not-found' },
    });
  });

  it.each(['1', 'abc', '019ac000-0000-7000-8000-00000000000', "'; DROP TABLE orders; --", '%00'])(
    'answers 400 for the id %s',
    async (id) => {
      const refused = await get(`/orders/${encodeURIComponent(id)}`);
      expect(refused.status).toBe(400);
      expect(fieldsOf(refused)).toEqual(['id']);
    },
  );
});

describe('GET /orders', () => {
  it('gives the orders of a customer page by page, newest first, each once', async () => {
    const somebody = uuidv7();
    const ids: unknown[] = [];
    for (let n = 0; n < 5; n++) {
      ids.unshift((await post({ ...order, customerId: somebody })).body['id']);
    }
    const seen: unknown[] = [];
    let cursor: unknown = '';
    for (let page = 0; page < 3; page++) {
      const { body } = await get(`/orders?customerId=${somebody}&limit=2${cursor === '' ? '' : `&cursor=${String(cursor)}`}`);
      seen.push(...(body['items'] as { id: unknown }[]).map(({ id }) => id));
      cursor = body['nextCursor'];
    }
    expect(seen).toEqual(ids);
    expect(cursor).toBeNull();
  });

  it('finds those in a state', async () => {
    const somebody = uuidv7();
    const placed = await post({ ...order, customerId: somebody });
    await call('POST', `${String(placed.headers['location'])}/cancel`);
    await post({ ...order, customerId: somebody });
    const { body } = await get(`/orders?customerId=${somebody}&status=CANCELLED`);
    expect(body).toMatchObject({ items: [{ id: placed.body['id'], status: 'CANCELLED', lines }], nextCursor: null });
  });

  it.each([
    ['customerId=1', 'customerId'],
    ['status=LOST', 'status'],
    ['cursor=next', 'cursor'],
    ['limit=0', 'limit'],
    ['limit=101', 'limit'],
    ['limit=many', 'limit'],
    ['status=PLACED&status=SHIPPED', 'status'],
  ])('refuses ?%s', async (query, field) => {
    const refused = await get(`/orders?${query}`);
    expect(refused.status).toBe(400);
    expect(fieldsOf(refused)).toContain(field);
  });

  it('refuses a filter that it does not know, rather than giving everything', async () => {
    expect((await get('/orders?customer=1')).status).toBe(400);
  });
});

describe('POST /orders/{id}/cancel', () => {
  async function inState(status: string): Promise<string> {
    const { body } = await post(order);
    await database.query(
      `UPDATE orders SET status = $2, reason = 'spec', shipment_id = id, tracking_code = 'T' WHERE id = $1`,
      [body['id'], status],
    );
    return `/orders/${String(body['id'])}/cancel`;
  }

  it.each([
    ['PLACED', 200, 'CANCELLED'],
    ['CONFIRMED', 202, 'CANCELLING'],
    ['CANCELLING', 202, 'CANCELLING'],
    ['CANCELLED', 200, 'CANCELLED'],
  ])('an order that is %s: %s %s', async (status, code, wanted) => {
    const path = await inState(status);
    expect(await call('POST', path)).toMatchObject({ status: code, body: { status: wanted } });
  });

  it.each(['SHIPPED', 'REJECTED'])('an order that is %s: 409', async (status) => {
    expect(await call('POST', await inState(status))).toMatchObject({
      status: 409,
      body: { type: 'urn:waybill:problem:order-not-cancellable', detail: `It is ${status}.` },
    });
  });

  it('an order that is not there: 404; an id that is none: 400', async () => {
    expect((await call('POST', `/orders/${uuidv7()}/cancel`)).status).toBe(404);
    expect((await call('POST', '/orders/1/cancel')).status).toBe(400);
  });

  it('takes an empty JSON body, as some clients send it', async () => {
    const path = await inState('PLACED');
    expect((await call('POST', path, undefined, { 'content-type': 'application/json' })).status).toBe(200);
  });
});

describe('GET /openapi.json', () => {
  it('shows the schemas that validate', async () => {
    const { body } = await get('/openapi.json');
    expect(body['openapi']).toMatch(/^3\.1/);
    expect(Object.keys(body['paths'] as object)).toEqual(['/orders', '/orders/{id}', '/orders/{id}/cancel']);
    const schemas = (body['components'] as { schemas: Record<string, { properties?: object }> }).schemas;
    expect(Object.keys(schemas['NewOrder']?.properties ?? {})).toEqual(['customerId', 'lines', 'shipTo']);
    expect(schemas).toHaveProperty('Order');
  });
});

/** Takes the key in a transaction that stays open until it is released. */
async function holdKey(key: string): Promise<{ release: () => Promise<void> }> {
  const { DataSource } = await import('typeorm');
  const runner = (
    await new DataSource({ type: 'postgres', url: database.url, installExtensions: false }).initialize()
  ).createQueryRunner();
  await runner.startTransaction();
  await runner.query(
    `INSERT INTO idempotency_keys VALUES ('anonymous', 'POST /orders', $1, '\\x00', '{}', now())`,
    [key],
  );
  return {
    release: async () => {
      await runner.rollbackTransaction();
      await runner.release();
      await runner.dataSource.destroy();
    },
  };
}
