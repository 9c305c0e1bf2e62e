import '@waybill/tracing/register';
import type { EventData, EventType, ReceivedEvent } from '@waybill/contracts';
import { createDataSource, migrate, transaction } from '@waybill/database';
import { Outbox } from '@waybill/outbox';
import { createTestDatabase, type TestDatabase } from '@waybill/testing';
import { currentTrace, runInTrace } from '@waybill/tracing';
import type { DataSource, EntityManager } from 'typeorm';
import { uuidv7 } from 'uuidv7';
import { afterAll, beforeAll, beforeEach, describe, expect, inject, it } from 'vitest';
import { leaseShipments } from '../persistence/carrier-leases.js';
import { migrations } from '../persistence/migrations.js';
import { CancelShipment } from './cancel-shipment.js';
import { type CarrierAnswer, RecordCarrierAnswer } from './record-carrier-answer.js';
import { RequestShipment } from './request-shipment.js';

const lines = [{ sku: 'BOOK-1', quantity: 2 }];
const shipTo = { name: 'Ada', street: 'Main Street 1', city: 'Berlin', postcode: '10115', country: 'DE' };
const granted: CarrierAnswer = { kind: 'label.granted', labelId: 'L1', trackingCode: 'T1' };
const refused: CarrierAnswer = { kind: 'label.refused', reason: 'no such street' };

let database: TestDatabase;
let dataSource: DataSource;
let orderId: string;
const outbox = new Outbox('shipping');

beforeAll(async () => {
  database = await createTestDatabase(inject('postgresAdminUrl'));
  await migrate({ url: database.url, applicationName: 'spec', migrations, log: () => undefined });
  dataSource = await createDataSource({ url: database.url, applicationName: 'spec' }).initialize();
});
afterAll(async () => {
  await dataSource.destroy();
  await database.drop();
});
beforeEach(async () => {
  await database.query('TRUNCATE shipments, outbox');
  orderId = uuidv7();
});

function inTransaction<T>(run: (manager: EntityManager) => Promise<T>): Promise<T> {
  return transaction(dataSource, run);
}

function event<T extends EventType>(type: T, data: Omit<EventData<T>, 'orderId'>): ReceivedEvent<T> {
  return {
    id: uuidv7(),
    source: '/waybill/orders',
    type,
    subject: orderId,
    time: '2026-11-24T10:00:00.000Z',
    version: 1,
    partitionKey: orderId,
    correlationId: 'a story',
    trace: {},
    topic: 'spec',
    partition: 0,
    offset: '0',
    data: { orderId, ...data } as EventData<T>,
  };
}

const confirmed = () => event('waybill.order.confirmed.v1', { lines, shipTo });
const unwanted = () => event('waybill.order.cancellation-requested.v1', { reason: 'changed my mind' });

const request = (received = confirmed()) =>
  inTransaction((manager) => new RequestShipment(outbox).run(manager, received));
const callBack = (received = unwanted()) =>
  inTransaction((manager) => new CancelShipment(outbox).run(manager, received));

async function lease(limit = 1, leaseMs = 10_000) {
  return leaseShipments(dataSource.manager, { token: uuidv7(), leaseMs, limit });
}

async function answer(with_: CarrierAnswer, held?: { shipmentId: string; token: string }) {
  const [taken] = held === undefined ? await lease() : [held];
  return inTransaction((manager) =>
    new RecordCarrierAnswer(outbox).run(manager, taken ?? { shipmentId: uuidv7(), token: uuidv7() }, with_),
  );
}

async function shipment() {
  return (await database.query('SELECT * FROM shipments WHERE order_id = $1', [orderId]))[0];
}

async function events() {
  const rows = await database.query<{ type: string; version: string; payload: string; causationid: string }>(
    'SELECT * FROM outbox ORDER BY seq',
  );
  return rows.map(({ type, version, payload, causationid }) => ({
    type,
    version: Number(version),
    cause: causationid,
    data: JSON.parse(payload) as unknown,
  }));
}

describe('an order that was confirmed', () => {
  it('has a shipment requested, and nobody was called for it', async () => {
    const received = confirmed();
    expect(await request(received)).toBeUndefined();
    const row = await shipment();
    expect(row).toMatchObject({ status: 'REQUESTED', version: 1, lines, ship_to: shipTo, attempts: 0, lease_token: null });
    expect(await events()).toEqual([
      {
        type: 'waybill.shipment.requested.v1',
        version: 1,
        cause: received.id,
        data: { orderId, shipmentId: row?.['id'] as string },
      },
    ]);
  });

  it('has one shipment, however often it is heard of', async () => {
    await request();
    expect(await request()).toBe('stale');
    expect(await events()).toHaveLength(1);
  });

  it('leaves its trace with the shipment, for the call that comes later', async () => {
    const sent = { traceparent: '00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01', tracestate: 'a=b' };
    await runInTrace(sent, async () => {
      expect(currentTrace()).toEqual(sent);
      await request();
    });
    expect(await shipment()).toMatchObject({ ...sent, correlation_id: 'a story' });
  });
});

describe("the carrier's answer", () => {
  it('grants a label: the shipment is dispatched, in the story of the order', async () => {
    const received = confirmed();
    await request(received);
    expect(await answer(granted)).toBe('settled');
    const row = await shipment();
    expect(row).toMatchObject({ status: 'DISPATCHED', version: 2, label_id: 'L1', tracking_code: 'T1', lease_token: null });
    expect((await events()).at(-1)).toEqual({
      type: 'waybill.shipment.dispatched.v1',
      version: 2,
      cause: received.id,
      data: { orderId, shipmentId: row?.['id'] as string, labelId: 'L1', trackingCode: 'T1' },
    });
  });

  it('refuses: the shipment has failed, for good', async () => {
    await request();
    expect(await answer(refused)).toBe('settled');
    expect(await shipment()).toMatchObject({ status: 'FAILED', version: 2, reason: 'no such street', label_id: null });
    expect(await lease()).toEqual([]);
  });

  it('counts only from the worker that holds the lease', async () => {
    await request();
    const [zombie] = await lease(1, 1);
    await new Promise((resolve) => setTimeout(resolve, 20));
    const [heir] = await lease();
    expect(heir?.shipmentId).toBe(zombie?.shipmentId);
    expect(await answer(refused, zombie)).toBe('lost');
    expect(await shipment()).toMatchObject({ status: 'REQUESTED', version: 1 });
    expect(await answer(granted, heir)).toBe('settled');
    expect(await answer(granted, heir)).toBe('lost');
    expect(await shipment()).toMatchObject({ status: 'DISPATCHED', version: 2 });
    expect(await events()).toHaveLength(2);
  });

  it('about a shipment that is not there is lost', async () => {
    expect(await answer(granted)).toBe('lost');
  });
});

describe('a shipment that is called back', () => {
  it('is cancelled at once where there is none, and a late confirmation requests nothing', async () => {
    const received = unwanted();
    await callBack(received);
    expect(await request()).toBe('stale');
    const row = await shipment();
    expect(row).toMatchObject({ status: 'CANCELLED', version: 1, reason: 'changed my mind' });
    expect(await events()).toEqual([
      {
        type: 'waybill.shipment.cancelled.v1',
        version: 1,
        cause: received.id,
        data: { orderId, shipmentId: row?.['id'] as string, reason: 'changed my mind' },
      },
    ]);
    expect(await lease()).toEqual([]);
  });

  it('has its label deleted, and only then the order is answered', async () => {
    await request();
    const received = unwanted();
    await callBack(received);
    expect(await events()).toHaveLength(1);
    const [held] = await lease();
    expect(await answer(granted, held)).toBe('delete-label');
    expect(await shipment()).toMatchObject({ status: 'CANCELLING', version: 1 });
    expect(await answer({ kind: 'label.deleted' }, held)).toBe('settled');
    expect(await shipment()).toMatchObject({ status: 'CANCELLED', version: 2, reason: 'changed my mind', label_id: null });
    expect((await events()).at(-1)).toMatchObject({ type: 'waybill.shipment.cancelled.v1', cause: received.id });
  });

  it('while the carrier is being asked is seen by that worker', async () => {
    await request();
    const [held] = await lease();
    await callBack();
    expect(await lease()).toEqual([]);
    expect(await answer(granted, held)).toBe('delete-label');
  });

  it('is dispatched after all when the carrier will not delete the label', async () => {
    await request();
    await callBack();
    const [held] = await lease();
    await answer({ kind: 'deletion.refused', labelId: 'L1', trackingCode: 'T1' }, held);
    expect(await shipment()).toMatchObject({ status: 'DISPATCHED', label_id: 'L1', reason: null });
  });

  it('is cancelled when there never was a label', async () => {
    await request();
    await callBack();
    await answer(refused);
    expect(await shipment()).toMatchObject({ status: 'CANCELLED', reason: 'changed my mind' });
  });

  it.each([
    ['DISPATCHED', granted],
    ['FAILED', refused],
  ] as const)('is left alone when it is %s', async (status, last) => {
    await request();
    await answer(last);
    expect(await callBack()).toBeUndefined();
    expect(await shipment()).toMatchObject({ status, version: 2 });
    expect(await events()).toHaveLength(2);
  });

  it('twice is called back once', async () => {
    await request();
    await callBack();
    expect(await callBack()).toBeUndefined();
    expect(await events()).toHaveLength(1);
  });
});

describe('a lease', () => {
  it('is given to one of many workers', async () => {
    for (let n = 0; n < 20; n++) {
      orderId = uuidv7();
      await request();
    }
    const leases = (await Promise.all(Array.from({ length: 5 }, () => lease(10)))).flat();
    expect(new Set(leases.map(({ shipmentId }) => shipmentId)).size).toBe(leases.length);
    expect(leases).toHaveLength(20);
    expect(leases.every(({ attempts }) => attempts === 1)).toBe(true);
  });
});
