import type { EventData, EventType, OrderLine, ReceivedEvent } from '@waybill/contracts';
import { createDataSource, migrate, transaction } from '@waybill/database';
import { Outbox } from '@waybill/outbox';
import { createTestDatabase, type TestDatabase } from '@waybill/testing';
import type { DataSource, EntityManager } from 'typeorm';
import { uuidv7 } from 'uuidv7';
import { afterAll, beforeAll, beforeEach, describe, expect, inject, it } from 'vitest';
import { migrations } from '../persistence/migrations.js';
import { ReservationEntity } from '../persistence/reservation.entity.js';
import { StockEntity } from '../persistence/stock.entity.js';
import { ReleaseStock } from './release-stock.js';
import { ReserveStock } from './reserve-stock.js';
import { SetStock } from './set-stock.js';
import { ShipStock } from './ship-stock.js';

const shipTo = { name: 'Ada', street: 'Main Street 1', city: 'Berlin', postcode: '10115', country: 'DE' };
const someone = '019ac000-0000-7000-8000-0000000000c1';

let database: TestDatabase;
let dataSource: DataSource;
const outbox = new Outbox('inventory');

beforeAll(async () => {
  database = await createTestDatabase(inject('postgresAdminUrl'));
  await migrate({ url: database.url, applicationName: 'spec', migrations, log: () => undefined });
  dataSource = await createDataSource({
    url: database.url,
    applicationName: 'spec',
    entities: [StockEntity, ReservationEntity],
  }).initialize();
});
afterAll(async () => {
  await dataSource.destroy();
  await database.drop();
});
beforeEach(async () => {
  await database.query('TRUNCATE stock, reservations, outbox');
  await setStock('BOOK-1', 10);
  await setStock('PEN-1', 5);
});

function inTransaction<T>(run: (manager: EntityManager) => Promise<T>): Promise<T> {
  return transaction(dataSource, run);
}

const setStock = (sku: string, onHand: number) =>
  inTransaction((manager) => new SetStock().run(manager, sku, onHand));

function event<T extends EventType>(
  type: T,
  orderId: string,
  data: Omit<EventData<T>, 'orderId'>,
): ReceivedEvent<T> {
  return {
    id: uuidv7(),
    source: '/waybill/spec',
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

function placed(orderId: string, lines: OrderLine[]) {
  const data = { customerId: someone, lines, shipTo, deadlineAt: '2026-11-25T10:00:00.000Z' };
  const received = event('waybill.order.placed.v1', orderId, data);
  return inTransaction((manager) => new ReserveStock(outbox).run(manager, received));
}

function cancelled(orderId: string, lines: OrderLine[]) {
  const received = event('waybill.order.cancelled.v1', orderId, { reason: 'cancelled', lines });
  return inTransaction((manager) => new ReleaseStock(outbox).run(manager, received));
}

function dispatched(orderId: string) {
  const data = { shipmentId: someone, carrier: 'carrier', label: { id: 'L1', trackingCode: 'T1' } };
  const received = event('waybill.shipment.dispatched.v2', orderId, data);
  return inTransaction((manager) => new ShipStock(outbox).run(manager, received));
}

async function stock(sku: string): Promise<[onHand: number, reserved: number]> {
  const [row] = await database.query<{ on_hand: number; reserved: number }>('SELECT * FROM stock WHERE sku = $1', [sku]);
  return [row?.on_hand ?? -1, row?.reserved ?? -1];
}

async function reservation(orderId: string) {
  return (await database.query('SELECT status, version, lines FROM reservations WHERE order_id = $1', [orderId]))[0];
}

async function events() {
  const rows = await database.query<{ type: string; version: string; payload: string; correlationid: string }>(
    'SELECT * FROM outbox ORDER BY seq',
  );
  return rows.map(({ type, version, payload, correlationid }) => ({
    type,
    version: Number(version),
    story: correlationid,
    data: JSON.parse(payload) as unknown,
  }));
}

const both = [
  { sku: 'PEN-1', quantity: 1 },
  { sku: 'BOOK-1', quantity: 2 },
  { sku: 'PEN-1', quantity: 2 },
];

describe('an order that was placed', () => {
  it('has all its lines reserved, with those of one SKU together, and inventory says so', async () => {
    const orderId = uuidv7();
    expect(await placed(orderId, both)).toBeUndefined();
    expect([await stock('BOOK-1'), await stock('PEN-1')]).toEqual([
      [10, 2],
      [5, 3],
    ]);
    expect(await reservation(orderId)).toEqual({ status: 'RESERVED', version: 1, lines: both });
    expect(await events()).toEqual([
      { type: 'waybill.stock.reserved.v1', version: 1, story: 'a story', data: { orderId, lines: both } },
    ]);
  });

  it('has none of its lines reserved when one is short, and inventory says which', async () => {
    const orderId = uuidv7();
    const lines = [
      { sku: 'BOOK-1', quantity: 1 },
      { sku: 'PEN-1', quantity: 6 },
      { sku: 'NOPE', quantity: 1 },
    ];
    await placed(orderId, lines);
    expect([await stock('BOOK-1'), await stock('PEN-1')]).toEqual([
      [10, 0],
      [5, 0],
    ]);
    expect(await reservation(orderId)).toMatchObject({ status: 'REJECTED', version: 1 });
    expect(await events()).toMatchObject([
      {
        type: 'waybill.stock.rejected.v1',
        data: {
          orderId,
          reason: 'not enough stock of PEN-1 (6 requested, 5 available); unknown SKU NOPE (1 requested)',
          shortages: [
            { sku: 'PEN-1', requested: 6, available: 5 },
            { sku: 'NOPE', requested: 1, available: 0 },
          ],
        },
      },
    ]);
  });

  it('is reserved once, however often it is heard of', async () => {
    const orderId = uuidv7();
    await placed(orderId, both);
    expect(await placed(orderId, both)).toBe('stale');
    expect(await stock('BOOK-1')).toEqual([10, 2]);
    expect(await events()).toHaveLength(1);
  });

  it('never gets what another one has: of twenty at once, as many succeed as there is stock for', async () => {
    // Each in its own order of lines: locked in that order, they would deadlock.
    const lines = [{ sku: 'BOOK-1', quantity: 1 }, { sku: 'PEN-1', quantity: 1 }];
    await Promise.all(
      Array.from({ length: 20 }, (_, index) => placed(uuidv7(), index % 2 === 0 ? lines : [...lines].reverse())),
    );
    expect([await stock('BOOK-1'), await stock('PEN-1')]).toEqual([
      [10, 5],
      [5, 5],
    ]);
    const types = (await events()).map(({ type }) => type);
    expect(types.filter((type) => type === 'waybill.stock.reserved.v1')).toHaveLength(5);
    expect(types.filter((type) => type === 'waybill.stock.rejected.v1')).toHaveLength(15);
  });
});

describe('an order that was cancelled', () => {
  it('gives back what was reserved for it, once', async () => {
    const orderId = uuidv7();
    await placed(orderId, both);
    expect(await cancelled(orderId, both)).toBeUndefined();
    expect(await cancelled(orderId, both)).toBe('stale');
    expect([await stock('BOOK-1'), await stock('PEN-1')]).toEqual([
      [10, 0],
      [5, 0],
    ]);
    expect(await reservation(orderId)).toMatchObject({ status: 'RELEASED', version: 2 });
    expect((await events()).at(-1)).toMatchObject({
      type: 'waybill.stock.released.v1',
      version: 2,
      data: { orderId, lines: both },
    });
  });

  it('leaves a tombstone where nothing was reserved, and a late order.placed reserves nothing', async () => {
    const orderId = uuidv7();
    await cancelled(orderId, both);
    expect(await placed(orderId, both)).toBe('stale');
    expect(await reservation(orderId)).toMatchObject({ status: 'RELEASED', version: 0 });
    expect(await stock('BOOK-1')).toEqual([10, 0]);
    expect(await events()).toEqual([]);
  });

  it('and whose release fails half-way has its stock released once, when it comes again', async () => {
    const orderId = uuidv7();
    await placed(orderId, both);
    const received = event('waybill.order.cancelled.v1', orderId, { reason: 'cancelled', lines: both });
    // Another service's outbox refuses the event, after the stock was moved.
    const broken = new ReleaseStock(new Outbox('shipping'));
    await expect(inTransaction((manager) => broken.run(manager, received))).rejects.toMatchObject({
      code: 'OUTBOX_INVALID_EVENT',
    });
    expect([await stock('BOOK-1'), await reservation(orderId)]).toMatchObject([[10, 2], { status: 'RESERVED', version: 1 }]);
    const outcomes = await Promise.all([cancelled(orderId, both), cancelled(orderId, both)]);
    expect(outcomes.sort()).toEqual(['stale', undefined]);
    expect([await stock('BOOK-1'), await stock('PEN-1')]).toEqual([
      [10, 0],
      [5, 0],
    ]);
    expect((await events()).filter(({ type }) => type === 'waybill.stock.released.v1')).toHaveLength(1);
  });

  it('at the moment when it is placed holds nothing in the end, whichever comes first', async () => {
    const orderIds = Array.from({ length: 10 }, () => uuidv7());
    await Promise.all(
      orderIds.map(async (orderId) => {
        // Of two that store the first row at once, one fails on the key; the inbox brings its event again.
        const again = <T>(run: () => Promise<T>): Promise<T> => run().catch(() => run());
        await Promise.all([again(() => placed(orderId, both)), again(() => cancelled(orderId, both))]);
      }),
    );
    expect([await stock('BOOK-1'), await stock('PEN-1')]).toEqual([
      [10, 0],
      [5, 0],
    ]);
    for (const orderId of orderIds) {
      expect((await reservation(orderId))?.['status']).toMatch(/RELEASED|REJECTED/);
    }
  });

  it('that had been rejected needs nothing', async () => {
    const orderId = uuidv7();
    const lines = [{ sku: 'NOPE', quantity: 1 }];
    await placed(orderId, lines);
    expect(await cancelled(orderId, lines)).toBeUndefined();
    expect(await reservation(orderId)).toMatchObject({ status: 'REJECTED', version: 1 });
  });
});

describe('an order that was dispatched', () => {
  it('takes its stock out of the house, once', async () => {
    const orderId = uuidv7();
    await placed(orderId, both);
    expect(await dispatched(orderId)).toBeUndefined();
    expect(await dispatched(orderId)).toBe('stale');
    expect([await stock('BOOK-1'), await stock('PEN-1')]).toEqual([
      [8, 0],
      [2, 0],
    ]);
    expect(await reservation(orderId)).toMatchObject({ status: 'SHIPPED', version: 2 });
    expect((await events()).at(-1)).toMatchObject({ type: 'waybill.stock.shipped.v1', version: 2 });
  });

  it('without a reservation changes nothing', async () => {
    expect(await dispatched(uuidv7())).toBe('stale');
    expect(await stock('BOOK-1')).toEqual([10, 0]);
  });
});

describe('a count of the stock', () => {
  it('sets what is on hand and leaves what is reserved', async () => {
    await placed(uuidv7(), both);
    expect(await setStock('BOOK-1', 2)).toEqual({ kind: 'set', stock: { sku: 'BOOK-1', onHand: 2, reserved: 2 } });
  });

  it('below what is reserved is refused', async () => {
    await placed(uuidv7(), both);
    expect(await setStock('BOOK-1', 1)).toEqual({ kind: 'below-reserved', reserved: 2 });
    expect(await stock('BOOK-1')).toEqual([10, 2]);
  });

  it('cannot be got wrong by any statement: the table itself refuses', async () => {
    for (const wrong of ['reserved = -1', 'reserved = on_hand + 1']) {
      await expect(database.query(`UPDATE stock SET ${wrong}`)).rejects.toMatchObject({ constraint: 'stock_conserved' });
    }
  });
});
