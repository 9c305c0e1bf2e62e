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

let database: TestDatabase;
let service: RunningService;

beforeAll(async () => {
  database = await createTestDatabase(inject('postgresAdminUrl'));
  await migrate({ url: database.url, applicationName: 'spec', migrations, log: () => undefined });
  service = await startService(
    { name: 'shipping', config: configSchema, module: AppModule },
    {
      // No broker listens there, and none is asked: this process has the role http only.
      env: { WAYBILL_SHIPPING_DATABASE_URL: database.url, WAYBILL_KAFKA_BROKERS: '127.0.0.1:1', ROLES: 'http' },
      port: 0,
      exit: () => undefined,
      logTo: new Writable({ write: (_chunk, _encoding, done) => done() }),
    },
  );
  await until(async () => (await get(uuidv7())).statusCode === 404);
});
afterAll(async () => {
  await service.shutdown.stop('spec');
  await database.drop();
});

const get = (orderId: string) => service.app.inject({ method: 'GET', url: `/shipments/${orderId}` });

describe('GET /shipments/{orderId}', () => {
  it('answers with the shipment of the order', async () => {
    const [id, orderId] = [uuidv7(), uuidv7()];
    await database.query(
      `INSERT INTO shipments (id, order_id, status, version, lines, ship_to, label_id, tracking_code, attempts,
                              next_attempt_at, correlation_id, causation_id, created_at, updated_at)
       VALUES ($1, $2, 'DISPATCHED', 2, '[]', '{}', 'L1', 'T1', 3, now(), 'c', 'c', now(), now())`,
      [id, orderId],
    );
    const response = await get(orderId);
    expect(response.statusCode).toBe(200);
    expect(response.json()).toEqual({
      id,
      orderId,
      status: 'DISPATCHED',
      version: 2,
      labelId: 'L1',
      trackingCode: 'T1',
      reason: null,
      attempts: 3,
      createdAt: expect.stringMatching(/Z$/),
      updatedAt: expect.stringMatching(/Z$/),
    });
  });

  it('answers 404 where none was requested, and 400 for an id that is none', async () => {
    const missing = await get(uuidv7());
    expect(missing.json()).toMatchObject({ status: 404, type: 'urn:waybill:problem:shipment-not-found' });
    const malformed = await get('1');
    expect(malformed.json()).toMatchObject({ status: 400, errors: [{ field: 'orderId' }] });
  });
});
