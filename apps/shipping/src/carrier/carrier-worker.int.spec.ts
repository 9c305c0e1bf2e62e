import '@waybill/tracing/register';
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import type { ReceivedEvent } from '@waybill/contracts';
import { createDataSource, migrate, transaction } from '@waybill/database';
import { Outbox } from '@waybill/outbox';
import { createTestDatabase, type TestDatabase, until } from '@waybill/testing';
import { runInTrace } from '@waybill/tracing';
import type { DataSource } from 'typeorm';
import { uuidv7 } from 'uuidv7';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, inject, it } from 'vitest';
import { migrations } from '../persistence/migrations.js';
import { CancelShipment } from '../use-cases/cancel-shipment.js';
import { RecordCarrierAnswer } from '../use-cases/record-carrier-answer.js';
import { RequestShipment } from '../use-cases/request-shipment.js';
import { CarrierClient } from './carrier-client.js';
import { CarrierWorker, retryAfterMs } from './carrier-worker.js';

interface Call {
  readonly method: string;
  readonly path: string;
  readonly key: string | undefined;
}

type Answer = (response: ServerResponse, call: Call) => void;

const label: Answer = (response, { key }) => send(response, 201, { id: `L-${key}`, trackingCode: 'T1', status: 'ACTIVE' });
const silence: Answer = () => undefined;
const status =
  (code: number, body: object = {}): Answer =>
  (response) =>
    send(response, code, body);

let database: TestDatabase;
let dataSource: DataSource;
let carrier: Server;
let url: string;
let calls: Call[];
let onPost: Answer;
let onDelete: Answer;
const workers: CarrierWorker[] = [];
const outbox = new Outbox('shipping');

beforeAll(async () => {
  database = await createTestDatabase(inject('postgresAdminUrl'));
  await migrate({ url: database.url, applicationName: 'spec', migrations, log: () => undefined });
  dataSource = await createDataSource({ url: database.url, applicationName: 'spec' }).initialize();
  carrier = createServer((request, response) => {
    const call = callOf(request);
    calls.push(call);
    (call.method === 'POST' ? onPost : onDelete)(response, call);
  });
  await new Promise<void>((resolve) => carrier.listen(0, '127.0.0.1', resolve));
  url = `http://127.0.0.1:${(carrier.address() as AddressInfo).port}`;
});
afterAll(async () => {
  carrier.closeAllConnections();
  carrier.close();
  await dataSource.destroy();
  await database.drop();
});
beforeEach(async () => {
  await database.query('TRUNCATE shipments, outbox');
  calls = [];
  onPost = label;
  onDelete = status(204);
});
afterEach(async () => {
  await Promise.all(workers.splice(0).map((worker) => worker.stop()));
});

function callOf({ method = '', url: path = '', headers }: IncomingMessage): Call {
  const key = headers['idempotency-key'];
  return { method, path, key: typeof key === 'string' ? key : undefined };
}

function send(response: ServerResponse, code: number, body: object): void {
  response.writeHead(code, { 'content-type': 'application/json' }).end(code === 204 ? undefined : JSON.stringify(body));
}

/** Looks for work when it is woken, and not by itself. */
class SoundSleeper extends CarrierWorker {
  protected override readonly pollIntervalMs = 3_600_000;
}

function startWorker({
  timeoutMs = 5_000,
  Worker = CarrierWorker,
  record = new RecordCarrierAnswer(outbox),
} = {}): CarrierWorker {
  const config = { CARRIER_URL: url, CARRIER_TIMEOUT_MS: timeoutMs, CARRIER_CALLS_MAX: 4, CARRIER_RETRY_MAX_MS: 200 };
  const worker = new Worker(
    dataSource,
    new CarrierClient(config),
    record,
    config,
    { warn: () => undefined },
  );
  workers.push(worker);
  worker.start();
  return worker;
}

/** Its process is gone when the answer of the deletion should be stored. */
class DyingRecord extends RecordCarrierAnswer {
  override async run(...[manager, lease, answer]: Parameters<RecordCarrierAnswer['run']>): ReturnType<RecordCarrierAnswer['run']> {
    if (answer.kind === 'label.deleted') {
      throw new Error('died');
    }
    return super.run(manager, lease, answer);
  }
}

function about(orderId: string) {
  const envelope = { id: uuidv7(), source: '/waybill/orders', subject: orderId, time: '', version: 2, partitionKey: orderId };
  return { ...envelope, correlationId: orderId, trace: {}, topic: 'waybill.orders', partition: 0, offset: '0' };
}

async function request(): Promise<string> {
  const orderId = uuidv7();
  const event: ReceivedEvent<'waybill.order.confirmed.v1'> = {
    ...about(orderId),
    type: 'waybill.order.confirmed.v1',
    data: {
      orderId,
      lines: [{ sku: 'BOOK-1', quantity: 1 }],
      shipTo: { name: 'Ada', street: 'Main Street 1', city: 'Berlin', postcode: '10115', country: 'DE' },
    },
  };
  await transaction(dataSource, (manager) => new RequestShipment(outbox).run(manager, event));
  return orderId;
}

async function callBack(orderId: string): Promise<void> {
  const event: ReceivedEvent<'waybill.order.cancellation-requested.v1'> = {
    ...about(orderId),
    type: 'waybill.order.cancellation-requested.v1',
    data: { orderId, reason: 'changed my mind' },
  };
  await transaction(dataSource, (manager) => new CancelShipment(outbox).run(manager, event));
}

async function row(orderId: string) {
  return (await database.query('SELECT * FROM shipments WHERE order_id = $1', [orderId]))[0];
}

async function becomes(orderId: string, wanted: string): Promise<void> {
  await eventually(async () => (await row(orderId))?.['status'] === wanted);
}

/** Wakes the workers while it waits: what is due is taken at once, rather than at the next poll. */
async function eventually(condition: () => boolean | Promise<boolean>): Promise<void> {
  const wake = setInterval(() => workers.forEach((worker) => worker.wake()), 20);
  try {
    await until(condition, { timeoutMs: 8_000 });
  } finally {
    clearInterval(wake);
  }
}

async function events(): Promise<string[]> {
  return (await database.query<{ type: string }>('SELECT type FROM outbox ORDER BY seq')).map(({ type }) => type);
}

describe('the carrier worker', () => {
  it('gets the label with the shipment id as the key, as soon as it is woken', async () => {
    const worker = startWorker({ Worker: SoundSleeper });
    // Asleep: it has looked and found nothing.
    await new Promise((resolve) => setTimeout(resolve, 100));
    const orderId = await request();
    worker.wake();
    await until(async () => (await row(orderId))?.['status'] === 'DISPATCHED', { timeoutMs: 8_000 });
    const { id } = (await row(orderId)) ?? {};
    expect(calls).toMatchObject([{ method: 'POST', path: '/labels', key: id }]);
    expect(await row(orderId)).toMatchObject({ label_id: `L-${String(id)}`, tracking_code: 'T1', attempts: 1 });
  });

  it('finds by itself what nobody woke it for', async () => {
    startWorker();
    await new Promise((resolve) => setTimeout(resolve, 100));
    const orderId = await request();
    await until(async () => (await row(orderId))?.['status'] === 'DISPATCHED', { timeoutMs: 8_000 });
  });

  it('holds a time-out for unknown: the shipment stays requested, and the same key is posted again', async () => {
    onPost = silence;
    const orderId = await request();
    startWorker({ timeoutMs: 150 });
    await eventually(() => calls.length >= 2);
    expect(await row(orderId)).toMatchObject({ status: 'REQUESTED', version: 1 });
    onPost = label;
    await becomes(orderId, 'DISPATCHED');
    expect(new Set(calls.map(({ key }) => key))).toEqual(new Set([(await row(orderId))?.['id']]));
    expect(await events()).toEqual(['waybill.shipment.requested.v1', 'waybill.shipment.dispatched.v1']);
  });

  it.each([
    ['503', status(503)],
    ['400, our own fault perhaps', status(400)],
    ['429', status(429)],
    ['a redirect', (response: ServerResponse) => void response.writeHead(302, { location: '/elsewhere' }).end()],
    ['something that is no label', status(201, { hello: 'world' })],
    ['something that is no JSON', (response: ServerResponse) => void response.writeHead(201).end('<html>')],
    ['a connection that breaks', (response: ServerResponse) => void response.destroy()],
  ])('holds %s for unknown', async (_name, answer: Answer) => {
    onPost = answer;
    const orderId = await request();
    startWorker();
    await until(async () => (await row(orderId))?.['last_problem'] !== null, { timeoutMs: 8_000 });
    expect(await row(orderId)).toMatchObject({ status: 'REQUESTED', version: 1 });
    onPost = label;
    await becomes(orderId, 'DISPATCHED');
    expect(await row(orderId)).toMatchObject({ last_problem: null });
    expect(new Set(calls.map(({ path }) => path))).toEqual(new Set(['/labels']));
  });

  it('holds a refusal for final', async () => {
    onPost = status(422, { detail: 'we do not deliver there\0' });
    const orderId = await request();
    startWorker();
    await becomes(orderId, 'FAILED');
    expect(await row(orderId)).toMatchObject({ reason: 'the carrier refused the parcel: we do not deliver there' });
    expect(await events()).toEqual(['waybill.shipment.requested.v1', 'waybill.shipment.failed.v1']);
    expect(calls).toHaveLength(1);
  });

  it('is one of two that asks: one answer, one event', async () => {
    const orderIds = await Promise.all(Array.from({ length: 30 }, request));
    startWorker();
    startWorker();
    await until(async () => (await events()).length === 60, { timeoutMs: 20_000 });
    expect(calls).toHaveLength(orderIds.length);
    expect(await database.query(`SELECT 1 FROM shipments WHERE status = 'DISPATCHED' AND version = 2`)).toHaveLength(30);
  });

  it('has nothing to say about a shipment that another worker has settled meanwhile', async () => {
    const orderId = await request();
    let tooLate: (() => void) | undefined;
    onPost = (response, call) => {
      if (tooLate === undefined) {
        tooLate = () => status(422)(response, call);
      } else {
        label(response, call);
      }
    };
    startWorker();
    await until(() => calls.length === 1, { timeoutMs: 8_000 });
    // The lease runs out under the first one, which waits for its answer.
    await database.query(`UPDATE shipments SET lease_until = now() - interval '1 second'`);
    startWorker();
    await becomes(orderId, 'DISPATCHED');
    tooLate?.();
    await Promise.all(workers.map((worker) => worker.stop()));
    expect(calls).toHaveLength(2);
    expect(await row(orderId)).toMatchObject({ status: 'DISPATCHED', version: 2 });
    expect(await events()).toEqual(['waybill.shipment.requested.v1', 'waybill.shipment.dispatched.v1']);
  });

  it('answers in the trace of the order', async () => {
    const traceId = '0af7651916cd43dd8448eb211c80319c';
    const orderId = await runInTrace({ traceparent: `00-${traceId}-b7ad6b7169203331-01` }, request);
    startWorker();
    await becomes(orderId, 'DISPATCHED');
    const traces = await database.query<{ traceparent: string }>('SELECT traceparent FROM outbox');
    expect(traces.map(({ traceparent }) => traceparent.split('-')[1])).toEqual([traceId, traceId]);
  });

  it('calls a shipment back: learns the label with the same key, and deletes it', async () => {
    const orderId = await request();
    await callBack(orderId);
    startWorker();
    await becomes(orderId, 'CANCELLED');
    const id = String((await row(orderId))?.['id']);
    expect(calls).toMatchObject([
      { method: 'POST', key: id },
      { method: 'DELETE', path: `/labels/L-${id}` },
    ]);
  });

  it.each([
    ['404, it is gone already', 404, 'CANCELLED'],
    ['409, it is under way', 409, 'DISPATCHED'],
    ['422, it is under way', 422, 'DISPATCHED'],
  ])('that deletes a label and hears %s settles it', async (_name, code, wanted) => {
    onDelete = status(code);
    const orderId = await request();
    await callBack(orderId);
    startWorker();
    await becomes(orderId, wanted);
  });

  it('asks again when the deletion is not answered', async () => {
    onDelete = status(503);
    const orderId = await request();
    await callBack(orderId);
    startWorker();
    await eventually(() => calls.filter(({ method }) => method === 'DELETE').length >= 2);
    expect(await row(orderId)).toMatchObject({ status: 'CANCELLING' });
    onDelete = status(204);
    await becomes(orderId, 'CANCELLED');
  });

  it('takes a label back that arrives while the shipment is being called back', async () => {
    const orderId = await request();
    onPost = (response, call) => void callBack(orderId).then(() => label(response, call));
    startWorker();
    await becomes(orderId, 'CANCELLED');
    expect(calls.map(({ method }) => method)).toEqual(['POST', 'DELETE']);
  });

  it('that dies between the deletion and its answer leaves a lease; the next one learns of it and answers once', async () => {
    const deleted = new Set<string>();
    onPost = (response, call) =>
      send(response, 200, { id: `L-${call.key}`, trackingCode: 'T1', status: deleted.has(`L-${call.key}`) ? 'DELETED' : 'ACTIVE' });
    onDelete = (response, { path }) => {
      deleted.add(path.replace('/labels/', ''));
      send(response, 204, {});
    };
    const orderId = await request();
    await callBack(orderId);
    startWorker({ record: new DyingRecord(outbox) });
    await until(() => deleted.size === 1, { timeoutMs: 8_000 });
    await Promise.all(workers.splice(0).map((worker) => worker.stop()));
    expect(await row(orderId)).toMatchObject({ status: 'CANCELLING', lease_token: expect.any(String) as string });

    startWorker();
    await new Promise((resolve) => setTimeout(resolve, 100));
    expect(await row(orderId)).toMatchObject({ status: 'CANCELLING' });
    await database.query(`UPDATE shipments SET lease_until = now() - interval '1 second'`);
    await becomes(orderId, 'CANCELLED');
    expect(calls.map(({ method }) => method)).toEqual(['POST', 'DELETE', 'POST']);
    expect(await events()).toEqual(['waybill.shipment.requested.v1', 'waybill.shipment.cancelled.v1']);
  });

  it('is one of two that call back: each label is deleted once, each order answered once', async () => {
    const orderIds = await Promise.all(Array.from({ length: 20 }, request));
    await Promise.all(orderIds.map(callBack));
    startWorker();
    startWorker();
    await until(async () => (await events()).length === 40, { timeoutMs: 20_000 });
    expect(calls.filter(({ method }) => method === 'DELETE')).toHaveLength(20);
    expect(await database.query(`SELECT 1 FROM shipments WHERE status = 'CANCELLED' AND version = 2`)).toHaveLength(20);
  });

  it('answers a cancellation as soon as a carrier that was silent speaks again', async () => {
    onPost = silence;
    const orderId = await request();
    startWorker({ timeoutMs: 150 });
    await until(() => calls.length === 1, { timeoutMs: 8_000 });
    await callBack(orderId);
    await eventually(() => calls.length >= 3);
    expect(await row(orderId)).toMatchObject({ status: 'CANCELLING', version: 1 });
    expect(await events()).toEqual(['waybill.shipment.requested.v1']);
    onPost = label;
    await becomes(orderId, 'CANCELLED');
  });

  it('finishes what it has in hand when it is stopped, and takes no more', async () => {
    onPost = (response, call) => void setTimeout(() => label(response, call), 200);
    const orderId = await request();
    const worker = startWorker();
    await until(() => calls.length === 1, { timeoutMs: 8_000 });
    await worker.stop();
    expect(await row(orderId)).toMatchObject({ status: 'DISPATCHED' });
    const later = await request();
    worker.wake();
    await new Promise((resolve) => setTimeout(resolve, 100));
    expect(await row(later)).toMatchObject({ status: 'REQUESTED', attempts: 0 });
  });

  it('survives that the database is away, and goes on when it is back', async () => {
    const worker = startWorker();
    await database.query('ALTER TABLE shipments RENAME TO away');
    worker.wake();
    await new Promise((resolve) => setTimeout(resolve, 50));
    await database.query('ALTER TABLE away RENAME TO shipments');
    await becomes(await request(), 'DISPATCHED');
  });
});

describe('the pause before the next attempt', () => {
  it('grows up to its bound, and is never twice the same for all', () => {
    for (let attempt = 1; attempt < 40; attempt++) {
      const pauseMs = retryAfterMs(attempt, 5_000);
      expect(pauseMs).toBeGreaterThanOrEqual(Math.min(100 * 2 ** (attempt - 1), 2_500));
      expect(pauseMs).toBeLessThanOrEqual(Math.min(200 * 2 ** (attempt - 1), 5_000));
    }
  });
});
