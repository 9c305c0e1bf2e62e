import { publishers, services } from '@waybill/contracts';
import { until } from '@waybill/testing';
import pg from 'pg';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { header, readTopics } from '../kafka-record.js';
import { Platform } from '../platform.js';
import { type CommandResult, waybill } from '../waybill-command.js';

let platform: Platform;

beforeAll(async () => {
  platform = await Platform.start();
});

afterAll(async () => {
  await platform.stop();
});

afterEach(mend);

const operator = (...args: string[]): Promise<CommandResult> => waybill(platform.home, ...args);

async function asked<T>(...args: string[]): Promise<T> {
  const { exitCode, output, errors } = await operator(...args, '--json');
  expect({ exitCode, errors }).toEqual({ exitCode: 0, errors: '' });
  return JSON.parse(output) as T;
}

/** What an operator cannot do and a bad migration can: no reservation can be written, for ever and not just for now. */
async function breakReservations(): Promise<void> {
  await asOwner(`
    CREATE FUNCTION broken() RETURNS trigger LANGUAGE plpgsql AS
      $$ BEGIN RAISE EXCEPTION 'reservations are broken' USING ERRCODE = '22023'; END $$;
    CREATE TRIGGER broken BEFORE INSERT ON reservations FOR EACH ROW EXECUTE FUNCTION broken()`);
}

async function mend(): Promise<void> {
  await asOwner('DROP FUNCTION IF EXISTS broken CASCADE');
}

async function asOwner(statements: string): Promise<void> {
  const url = new URL(platform.postgres.adminUrl ?? '');
  url.pathname = '/inventory';
  const client = new pg.Client({ connectionString: url.toString() });
  await client.connect();
  try {
    await client.query(statements);
  } finally {
    await client.end();
  }
}

interface Parked {
  readonly id: string;
  readonly type: string;
}

async function inventoryEvents(orderId: string): Promise<string[]> {
  const records = await readTopics(platform.brokers, [publishers.inventory.topic]);
  return records.filter(({ key }) => key === orderId).map((record) => header(record, 'ce_type') ?? '');
}

/** An order whose first event is dead for inventory. */
async function deadOrder(sku: string): Promise<{ orderId: string; eventId: string }> {
  await platform.customer.setStock(sku, 5);
  await breakReservations();
  const { id: orderId } = await platform.customer.placed([{ sku, quantity: 2 }]);
  const [dead] = await until(
    async () => {
      const found = await asked<Parked[]>('dead', 'ls', '--key', orderId);
      return found.length > 0 ? found : undefined;
    },
    { intervalMs: 200, what: 'the event to be dead' },
  );
  return { orderId, eventId: dead?.id ?? '' };
}

describe('an operator', () => {
  it('retries a dead event after its cause is mended, and what waited behind it follows in order', async () => {
    const { orderId, eventId } = await deadOrder('HEAL-1');
    await platform.customer.cancel(orderId);
    await until(async () => (await asked<Parked[]>('parked', 'ls', '--key', orderId)).length === 1, { intervalMs: 200 });

    const shown = await operator('dead', 'show', eventId);
    expect(shown.output).toContain('reservations are broken');
    expect(shown.output).toContain('"sku": "HEAL-1"');
    expect(await inventoryEvents(orderId)).toEqual([]);

    await mend();
    expect(await operator('dead', 'retry', eventId, '--as', 'anna')).toMatchObject({ exitCode: 0 });
    await until(async () => (await inventoryEvents(orderId)).length === 2, { what: 'both events to have their effect' });
    expect(await inventoryEvents(orderId)).toEqual(['waybill.stock.reserved.v1', 'waybill.stock.released.v1']);
    expect(await platform.customer.stock('HEAL-1')).toMatchObject({ onHand: 5, reserved: 0 });
    expect(await asked<Parked[]>('dead', 'ls', '--key', orderId)).toEqual([]);
    expect(await asked<object[]>('audit', 'ls', '--who', 'anna')).toMatchObject([{ action: 'dead.retry', subject: { id: eventId } }]);
  });

  it('discards another one with a reason: it never has an effect, and its key goes on', async () => {
    const { orderId, eventId } = await deadOrder('DROP-1');
    await mend();
    expect(await operator('dead', 'discard', eventId)).toMatchObject({ exitCode: 64 });
    expect(await operator('dead', 'discard', eventId, '--reason', 'a test order')).toMatchObject({ exitCode: 0 });
    expect(await asked<object[]>('inbox', 'show', eventId)).toMatchObject(
      expect.arrayContaining([expect.objectContaining({ consumer: 'inventory', outcome: 'discarded' })]) as object[],
    );
    expect(await asked<Parked[]>('dead', 'ls', '--key', orderId)).toEqual([]);
    expect(await inventoryEvents(orderId)).toEqual([]);
  });

  it('replays a topic from its beginning, while the service runs, and nothing changes', async () => {
    const { customer } = platform;
    await customer.setStock('AGAIN-1', 10);
    const { id } = await customer.placed([{ sku: 'AGAIN-1', quantity: 3 }]);
    await customer.ended(id);
    await until(async () => (await customer.stock('AGAIN-1')).onHand === 7);
    await platform.caughtUp();
    const before = await everything();

    const replayed = await operator('replay', 'inventory', '--topic', 'waybill.orders', '--from-offset', '0', '--reason', 'a drill');
    expect(replayed).toMatchObject({ exitCode: 0, output: expect.stringContaining('come again') as string });
    await platform.caughtUp();
    expect(await everything()).toEqual(before);
    expect(await asked<object[]>('replay', 'ls')).toMatchObject([{ consumer: 'inventory', refused: null, behind: 0 }]);
    expect((await operator('dead', 'ls')).output).toContain('Nothing is dead.');
  });
});

/** The state of inventory, and every record that anybody has published. */
async function everything(): Promise<object> {
  const records = await readTopics(
    platform.brokers,
    services.map((service) => publishers[service].topic),
  );
  return {
    stock: await platform.query('inventory', 'SELECT * FROM stock ORDER BY sku'),
    reservations: await platform.query('inventory', 'SELECT * FROM reservations ORDER BY 1'),
    inbox: await platform.query('inventory', 'SELECT * FROM inbox ORDER BY consumer, source, id'),
    records: records.length,
  };
}
