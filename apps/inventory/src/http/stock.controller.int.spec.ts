import '@waybill/tracing/register';
import { Writable } from 'node:stream';
import { migrate } from '@waybill/database';
import { type RunningService, startService } from '@waybill/service-defaults';
import { createTestDatabase, type TestDatabase, until } from '@waybill/testing';
import { afterAll, beforeAll, beforeEach, describe, expect, inject, it } from 'vitest';
import { AppModule } from '../app.module.js';
import { configSchema } from '../config.js';
import { migrations } from '../persistence/migrations.js';

let database: TestDatabase;
let service: RunningService;

beforeAll(async () => {
  database = await createTestDatabase(inject('postgresAdminUrl'));
  await migrate({ url: database.url, applicationName: 'spec', migrations, log: () => undefined });
  service = await startService(
    { name: 'inventory', config: configSchema, module: AppModule },
    {
      // No broker listens there, and none is asked: this process has the role http only.
      env: { WAYBILL_INVENTORY_DATABASE_URL: database.url, WAYBILL_KAFKA_BROKERS: '127.0.0.1:1', ROLES: 'http' },
      port: 0,
      exit: () => undefined,
      logTo: new Writable({ write: (_chunk, _encoding, done) => done() }),
    },
  );
  await until(async () => (await call('GET', '/stock')).status === 200);
});
afterAll(async () => {
  await service.shutdown.stop('spec');
  await database.drop();
});
beforeEach(() => database.query('TRUNCATE stock'));

async function call(method: 'GET' | 'PUT', url: string, payload?: object | string) {
  const response = await service.app.inject({
    method,
    url,
    ...(payload === undefined ? {} : { payload, headers: { 'content-type': 'application/json' } }),
  });
  const body = response.json<Record<string, unknown>>();
  const fields = (body['errors'] as { field: string }[] | undefined)?.map(({ field }) => field) ?? [];
  return { status: response.statusCode, type: response.headers['content-type'], body, fields };
}

const put = (sku: string, onHand: unknown) => call('PUT', `/stock/${sku}`, { onHand });

describe('PUT /stock/{sku}', () => {
  it('makes a SKU known, and counts it anew', async () => {
    expect(await put('BOOK-1', 100)).toMatchObject({
      status: 200,
      body: { sku: 'BOOK-1', onHand: 100, reserved: 0, available: 100 },
    });
    await put('BOOK-1', 7);
    expect((await call('GET', '/stock/BOOK-1')).body).toEqual({ sku: 'BOOK-1', onHand: 7, reserved: 0, available: 7 });
  });

  it('refuses less than what is reserved, and says how much that is', async () => {
    await put('BOOK-1', 100);
    await database.query('UPDATE stock SET reserved = 40');
    expect(await put('BOOK-1', 39)).toMatchObject({
      status: 409,
      body: { type: 'urn:waybill:problem:stock-below-reserved', detail: expect.stringContaining('40 of BOOK-1') },
    });
    expect((await put('BOOK-1', 40)).body).toEqual({ sku: 'BOOK-1', onHand: 40, reserved: 40, available: 0 });
  });

  it.each([-1, 1.5, '7', null, 1_000_000_001, undefined])('refuses %j on hand', async (onHand) => {
    const refused = await put('BOOK-1', onHand);
    expect(refused).toMatchObject({ status: 400, fields: ['onHand'] });
    expect(refused.type).toContain('application/problem+json');
  });

  it('refuses a property that it does not know', async () => {
    expect((await call('PUT', '/stock/BOOK-1', { onHand: 1, reserved: 0 })).status).toBe(400);
  });

  it.each(['-BOOK', 'B%20K', 'B'.repeat(65), '%00'])('refuses the SKU %s', async (sku) => {
    expect(await put(sku, 1)).toMatchObject({ status: 400, fields: ['sku'] });
  });
});

describe('GET /stock', () => {
  it('answers 404 for a SKU that inventory does not know, and 400 for one that cannot be', async () => {
    expect(await call('GET', '/stock/NOPE')).toMatchObject({
      status: 404,
      body: { type: 'urn:waybill:problem:sku-not-found' },
    });
    expect(await call('GET', '/stock/-')).toMatchObject({ status: 400, fields: ['sku'] });
  });

  it('lists the SKUs page by page, each once, in the order of their bytes', async () => {
    for (const sku of ['b', 'A', 'C', 'a', 'B']) {
      await put(sku, 1);
    }
    const seen: unknown[] = [];
    let cursor = '';
    for (let page = 0; page < 3; page++) {
      const { body } = await call('GET', `/stock?limit=2${cursor}`);
      seen.push(...(body['items'] as { sku: string }[]).map(({ sku }) => sku));
      cursor = `&cursor=${String(body['nextCursor'])}`;
    }
    expect(seen).toEqual(['A', 'B', 'C', 'a', 'b']);
    expect(cursor).toBe('&cursor=null');
  });

  it.each([
    ['limit=0', 'limit'],
    ['limit=1.5', 'limit'],
    ['cursor=-', 'cursor'],
  ])('refuses ?%s', async (query, field) => {
    expect(await call('GET', `/stock?${query}`)).toMatchObject({ status: 400, fields: [field] });
  });
});
