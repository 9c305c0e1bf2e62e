import type { EventData, EventType, ReceivedEvent } from '@waybill/contracts';
import { createDataSource, migrate, transaction } from '@waybill/database';
import { Outbox } from '@waybill/outbox';
import { createTestDatabase, type TestDatabase } from '@waybill/testing';
import type { DataSource, EntityManager } from 'typeorm';
import { uuidv7 } from 'uuidv7';
import { afterAll, beforeAll, beforeEach, describe, expect, inject, it } from 'vitest';
import { migrations } from '../persistence/migrations.js';
import { lockOrder } from '../persistence/orders.js';
import { CancelOrder } from './cancel-order.js';
import { CancelUnshippedOrder } from './cancel-unshipped-order.js';
import { ConfirmOrder } from './confirm-order.js';
import { PlaceOrder } from './place-order.js';
import { RejectOrder } from './reject-order.js';
import { ShipOrder } from './ship-order.js';

const lines = [{ sku: 'BOOK-1', quantity: 2 }];
const shipTo = { name: 'Ada', street: 'Main Street 1', city: 'Berlin', postcode: '10115', country: 'DE' };
const shipmentId = '019ac000-0000-7000-8000-0000000000aa';

let database: TestDatabase;
let dataSource: DataSource;
let orderId: string;
const outbox = new Outbox('orders');

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
  await database.query('TRUNCATE orders, order_lines, outbox');
  const command = { customerId: '019ac000-0000-7000-8000-0000000000c1', lines, shipTo, deadlineMs: 1_000 };
  const placed = await inTransaction((manager) => new PlaceOrder(outbox).run(manager, command));
  orderId = placed.kind === 'placed' ? placed.order.id : '';
});

function inTransaction<T>(run: (manager: EntityManager) => Promise<T>): Promise<T> {
  return transaction(dataSource, run);
}

function event<T extends EventType>(type: T, data: Omit<EventData<T>, 'orderId'>): ReceivedEvent<T> {
  return {
    id: uuidv7(),
    source: '/waybill/spec',
    type,
    subject: orderId,
    time: '2026-11-24T10:00:00.000Z',
    version: 1,
    partitionKey: orderId,
    correlationId: orderId,
    trace: {},
    topic: 'spec',
    partition: 0,
    offset: '0',
    data: { orderId, ...data } as EventData<T>,
  };
}

const reserved = () => event('waybill.stock.reserved.v1', { lines });
const rejected = () => event('waybill.stock.rejected.v1', { reason: 'unknown SKU', shortages: [] });
const dispatched = () =>
  event('waybill.shipment.dispatched.v2', { shipmentId, carrier: 'carrier', label: { id: 'L1', trackingCode: 'T1' } });
const failed = () => event('waybill.shipment.failed.v1', { shipmentId, reason: 'no such street' });
const called = () => event('waybill.shipment.cancelled.v1', { shipmentId, reason: 'called back' });

const confirm = (received = reserved()) => inTransaction((manager) => new ConfirmOrder(outbox).run(manager, received));
const reject = (received = rejected()) => inTransaction((manager) => new RejectOrder(outbox).run(manager, received));
const ship = (received = dispatched()) => inTransaction((manager) => new ShipOrder(outbox).run(manager, received));
const unship = (received: ReturnType<typeof failed> | ReturnType<typeof called> = failed()) =>
  inTransaction((manager) => new CancelUnshippedOrder(outbox).run(manager, received));
const cancel = (id = orderId) => inTransaction((manager) => new CancelOrder(outbox).run(manager, id));

async function order() {
  return inTransaction((manager) => lockOrder(manager, orderId));
}

async function events() {
  const rows = await database.query<{ type: string; version: string; causationid: string | null; payload: string }>(
    'SELECT type, version, causationid, payload FROM outbox ORDER BY seq',
  );
  return rows.map(({ type, version, causationid, payload }) => ({
    type,
    version: Number(version),
    cause: causationid,
    data: JSON.parse(payload) as unknown,
  }));
}

describe('an order', () => {
  it('is confirmed when its stock is reserved, and then shipped: one event a version, each with its cause', async () => {
    const [stock, parcel] = [reserved(), dispatched()];
    expect(await confirm(stock)).toBeUndefined();
    expect(await ship(parcel)).toBeUndefined();
    expect(await order()).toMatchObject({ status: 'SHIPPED', version: 3, shipmentId, trackingCode: 'T1', reason: null });
    expect((await events()).slice(1)).toEqual([
      { type: 'waybill.order.confirmed.v1', version: 2, cause: stock.id, data: { orderId, lines, shipTo } },
      { type: 'waybill.order.shipped.v1', version: 3, cause: parcel.id, data: { orderId, shipmentId, trackingCode: 'T1' } },
    ]);
  });

  it('is rejected with the reason of inventory', async () => {
    await reject();
    expect(await order()).toMatchObject({ status: 'REJECTED', version: 2, reason: 'unknown SKU' });
    expect((await events()).at(-1)).toMatchObject({
      type: 'waybill.order.rejected.v1',
      data: { orderId, reason: 'unknown SKU' },
    });
  });

  it('is cancelled when its shipment fails, and says which lines are to be released', async () => {
    await confirm();
    await unship(failed());
    expect(await order()).toMatchObject({ status: 'CANCELLED', version: 3, reason: 'no such street' });
    expect((await events()).at(-1)).toMatchObject({
      type: 'waybill.order.cancelled.v1',
      version: 3,
      data: { orderId, reason: 'no such street', lines },
    });
  });

  it('answers an event that comes again with stale, and changes nothing', async () => {
    await confirm();
    expect(await confirm()).toBe('stale');
    await ship();
    expect(await unship()).toBe('stale');
    expect(await order()).toMatchObject({ status: 'SHIPPED', version: 3 });
    expect(await events()).toHaveLength(3);
  });

  it('that is not here makes an event stale', async () => {
    orderId = uuidv7();
    expect(await confirm()).toBe('stale');
    expect(await events()).toHaveLength(1);
  });
});

describe('cancelling', () => {
  it('ends an order that is only placed, at once; later news about its stock is no surprise', async () => {
    expect(await cancel()).toMatchObject({ kind: 'become', order: { status: 'CANCELLED', version: 2 } });
    expect(await confirm()).toBeUndefined();
    expect(await order()).toMatchObject({ status: 'CANCELLED', version: 2 });
    expect((await events()).map(({ type }) => type)).toEqual(['waybill.order.placed.v1', 'waybill.order.cancelled.v1']);
  });

  it('asks shipping about an order that is confirmed, once', async () => {
    await confirm();
    expect(await cancel()).toMatchObject({ kind: 'become', order: { status: 'CANCELLING' } });
    expect(await cancel()).toMatchObject({ kind: 'ignore', order: { status: 'CANCELLING', version: 3 } });
    expect((await events()).at(-1)).toMatchObject({
      type: 'waybill.order.cancellation-requested.v1',
      version: 3,
      cause: null,
      data: { orderId, reason: 'cancelled by the customer' },
    });
    await unship(called());
    expect(await order()).toMatchObject({ status: 'CANCELLED', version: 4, reason: 'cancelled by the customer' });
    expect(await cancel()).toMatchObject({ kind: 'ignore', order: { status: 'CANCELLED' } });
  });

  it('gives way to a parcel that is on its way', async () => {
    await confirm();
    await cancel();
    await ship();
    expect(await order()).toMatchObject({ status: 'SHIPPED', version: 4, reason: null });
    expect(await cancel()).toMatchObject({ kind: 'refuse', order: { status: 'SHIPPED' } });
  });

  it('knows no order that is not there', async () => {
    expect(await cancel(uuidv7())).toBeUndefined();
  });

  it('waits for a step that is under way, and then decides on what that has made of the order', async () => {
    let cancelling: ReturnType<typeof cancel> | undefined;
    await inTransaction(async (manager) => {
      await new ConfirmOrder(outbox).run(manager, reserved());
      cancelling = cancel();
      await new Promise((resolve) => setTimeout(resolve, 100));
    });
    expect(await cancelling).toMatchObject({ kind: 'become', order: { status: 'CANCELLING', version: 3 } });
  });

  it('at the moment of the confirmation ends in one of the two orders of events, never in both', async () => {
    await Promise.all([confirm(), cancel()]);
    const { status, version } = (await order()) ?? {};
    expect([
      ['CANCELLED', 2],
      ['CANCELLING', 3],
    ]).toContainEqual([status, version]);
    expect((await events()).map((each) => each.version)).toEqual(version === 2 ? [1, 2] : [1, 2, 3]);
  });
});
