import { randomUUID } from 'node:crypto';
import type { EventData, EventType, ReceivedEvent } from '@waybill/contracts';
import { createDataSource, migrate, transaction } from '@waybill/database';
import { Outbox } from '@waybill/outbox';
import { createTestDatabase, type TestDatabase } from '@waybill/testing';
import type { DataSource } from 'typeorm';
import { afterAll, beforeAll, expect, inject, it } from 'vitest';
import { migrations } from '../persistence/migrations.js';
import { ReleaseStock } from '../use-cases/release-stock.js';
import { ReserveStock } from '../use-cases/reserve-stock.js';
import { ShipStock } from '../use-cases/ship-stock.js';
import { InventorySubscriptions } from './subscriptions.js';

const shipTo = { name: 'Ada', street: 'Main Street 1', city: 'Berlin', postcode: '10115', country: 'DE' };

let database: TestDatabase;
let dataSource: DataSource;
const outbox = new Outbox('inventory');
const subscriptions = new InventorySubscriptions(new ReserveStock(outbox), new ReleaseStock(outbox), new ShipStock(outbox));

beforeAll(async () => {
  database = await createTestDatabase(inject('postgresAdminUrl'));
  await migrate({ url: database.url, applicationName: 'spec', migrations, log: () => undefined });
  dataSource = await createDataSource({ url: database.url, applicationName: 'spec' }).initialize();
  await database.query(
    `INSERT INTO stock (sku, on_hand, reserved, updated_at) SELECT unnest('{A,B,C,D}'::text[]), 100, 10, now()`,
  );
});
afterAll(async () => {
  await dataSource.destroy();
  await database.drop();
});

function event<T extends EventType>(type: T, orderId: string, data: Omit<EventData<T>, 'orderId'>): ReceivedEvent {
  return { type, data: { orderId, ...data } } as unknown as ReceivedEvent;
}

it('locks the stock that its events share: of the lines that they name, and of what their orders have reserved', async () => {
  const reserved = randomUUID();
  await database.query(
    `INSERT INTO reservations (order_id, status, version, lines, created_at, updated_at)
     VALUES ($1, 'RESERVED', 1, '[{"sku":"C","quantity":1}]', now(), now())`,
    [reserved],
  );
  const placed = event('waybill.order.placed.v1', randomUUID(), {
    customerId: randomUUID(),
    lines: [
      { sku: 'B', quantity: 1 },
      { sku: 'A', quantity: 1 },
    ],
    shipTo,
    deadlineAt: '2026-11-26T00:00:00.000Z',
  });
  const dispatched = event('waybill.shipment.dispatched.v1', reserved, {
    shipmentId: randomUUID(),
    labelId: 'L',
    trackingCode: 'T',
  });
  await transaction(dataSource, async (manager) => {
    await subscriptions.lockShared(manager, [placed, dispatched]);
    const free = await database.query('SELECT sku FROM stock ORDER BY sku FOR UPDATE SKIP LOCKED');
    expect(free).toEqual([{ sku: 'D' }]);
  });
});
