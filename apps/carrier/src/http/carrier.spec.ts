import { Writable } from 'node:stream';
import { type RunningService, startService } from '@waybill/service-defaults';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { AppModule } from '../app.module.js';
import { configSchema } from '../config.js';

const shipTo = { name: 'Ada', street: 'Main Street 1', city: 'Berlin', postcode: '10115', country: 'DE' };

let service: RunningService;
let keys = 0;

beforeAll(async () => {
  service = await startService(
    { name: 'carrier', config: configSchema, module: AppModule },
    { env: {}, port: 0, exit: () => undefined, logTo: new Writable({ write: (_chunk, _encoding, done) => done() }) },
  );
});
afterAll(() => service.shutdown.stop('spec'));
beforeEach(() => behave({}));

async function call(method: 'GET' | 'PUT' | 'POST' | 'DELETE', path: string, body?: object, key?: string, timeoutMs = 5_000) {
  const response = await fetch(service.url + path, {
    method,
    headers: {
      ...(body === undefined ? {} : { 'content-type': 'application/json' }),
      ...(key === undefined ? {} : { 'idempotency-key': key }),
    },
    ...(body === undefined ? {} : { body: JSON.stringify(body) }),
    signal: AbortSignal.timeout(timeoutMs),
  });
  const text = await response.text();
  return { status: response.status, body: (text === '' ? {} : JSON.parse(text)) as Record<string, unknown> };
}

const behave = (behaviour: object) => call('PUT', '/behaviour', behaviour);
const label = (key: string, timeoutMs?: number) => call('POST', '/labels', { reference: 'r', shipTo }, key, timeoutMs);
const remove = (id: unknown) => call('DELETE', `/labels/${String(id)}`);
const newKey = () => `key-${(keys += 1)}`;

describe('the carrier', () => {
  it('makes one label a key', async () => {
    const first = await label('a');
    expect(first).toMatchObject({ status: 201, body: { status: 'ACTIVE', trackingCode: expect.stringMatching(/^WB/) } });
    expect(await label('a')).toEqual(first);
    expect((await label('b')).body['id']).not.toBe(first.body['id']);
  });

  it('needs a key', async () => {
    expect(await call('POST', '/labels', { shipTo })).toMatchObject({
      status: 400,
      body: { errors: [{ field: 'Idempotency-Key' }] },
    });
    expect((await label('k'.repeat(256))).status).toBe(400);
  });

  it('needs an address', async () => {
    expect(await call('POST', '/labels', {}, newKey())).toMatchObject({ status: 400, body: { errors: [{ field: 'shipTo' }] } });
  });

  it('takes a label back once, and remembers that it did', async () => {
    const key = newKey();
    const { id } = (await label(key)).body;
    expect((await remove(id)).status).toBe(204);
    expect((await remove(id)).status).toBe(404);
    expect(await label(key)).toMatchObject({ status: 201, body: { id, status: 'DELETED' } });
    expect((await remove('label-0')).status).toBe(404);
  });
});

describe('a carrier that was told', () => {
  it('to refuse, refuses new keys and deletions, and answers known keys as before', async () => {
    const known = newKey();
    const { body } = await label(known);
    await behave({ mode: 'refuse' });
    expect(await label(newKey())).toMatchObject({ status: 422, body: { detail: expect.any(String) } });
    expect((await remove(body['id'])).status).toBe(409);
    expect(await label(known)).toEqual({ status: 201, body });
  });

  it('to fail, does nothing', async () => {
    const key = newKey();
    await behave({ mode: 'fail' });
    expect((await label(key)).status).toBe(503);
    await behave({ mode: 'refuse' });
    expect((await label(key)).status).toBe(422);
  });

  it('to be silent, never answers, and answers known keys all the same', async () => {
    const known = newKey();
    await label(known);
    await behave({ mode: 'silent' });
    await expect(label(newKey(), 200)).rejects.toMatchObject({ name: 'TimeoutError' });
    expect((await label(known)).status).toBe(201);
  });

  it('to lose answers, has made the label when it says 503', async () => {
    const key = newKey();
    await behave({ failureRate: 1 });
    expect((await label(key)).status).toBe(503);
    expect((await label(key)).status).toBe(201);
  });

  it('to think first, thinks', async () => {
    await behave({ delayMs: 150 });
    const startedAt = performance.now();
    await label(newKey());
    expect(performance.now() - startedAt).toBeGreaterThanOrEqual(145);
  });

  it.each([
    [{ mode: 'angry' }, 'mode'],
    [{ delayMs: -1 }, 'delayMs'],
    [{ delayMs: 60_001 }, 'delayMs'],
    [{ failureRate: 2 }, 'failureRate'],
  ])('%j, refuses', async (behaviour, field) => {
    expect(await behave(behaviour)).toMatchObject({ status: 400, body: { errors: [{ field }] } });
  });

  it('says how it behaves', async () => {
    await behave({ mode: 'fail', delayMs: 1 });
    expect((await call('GET', '/behaviour')).body).toEqual({ mode: 'fail', delayMs: 1, failureRate: 0 });
  });
});
