import { randomUUID } from 'node:crypto';
import type { Service } from '@waybill/contracts';
import { createTestDatabase, type TestDatabase } from '@waybill/testing';
import { afterAll, beforeAll, beforeEach, describe, expect, inject, it, vi } from 'vitest';
import { reconcile, type ReconcileOptions, renderReconciliation } from './reconcile.js';
import { reconcileCommand } from './reconcile-command.js';

/*
 * The columns that are asked for, and no others: a tool may not import a service. That the services have them is what
 * e2e/src/stories/cancellation.spec.ts shows.
 */
const outbox = `CREATE TABLE outbox (seq bigint GENERATED ALWAYS AS IDENTITY, aggregatetype text NOT NULL, aggregateid text NOT NULL,
  version bigint NOT NULL, type text NOT NULL, partitionkey text NOT NULL, held boolean NOT NULL DEFAULT false, error text)`;
const parked = `CREATE TABLE parked (consumer text NOT NULL, topic text NOT NULL, key text NOT NULL, type text NOT NULL,
  state text NOT NULL, error text)`;
const tables: Record<Service, string[]> = {
  orders: [
    `CREATE TABLE orders (id uuid PRIMARY KEY, status text NOT NULL, version integer NOT NULL, shipment_id uuid,
       tracking_code text, created_at timestamptz NOT NULL DEFAULT now())`,
    outbox,
  ],
  inventory: [
    'CREATE TABLE stock (sku text PRIMARY KEY, on_hand integer NOT NULL, reserved integer NOT NULL)',
    `CREATE TABLE reservations (order_id uuid PRIMARY KEY, status text NOT NULL, version integer NOT NULL, lines json NOT NULL)`,
    outbox,
    parked,
  ],
  shipping: [
    `CREATE TABLE shipments (id uuid PRIMARY KEY, order_id uuid NOT NULL UNIQUE, status text NOT NULL, version integer NOT NULL,
       label_id text, tracking_code text)`,
    outbox,
  ],
};

let databases: Record<Service, TestDatabase>;
let urls: Record<Service, string>;

beforeAll(async () => {
  const admin = inject('postgresAdminUrl');
  databases = {
    orders: await createTestDatabase(admin, tables.orders),
    inventory: await createTestDatabase(admin, tables.inventory),
    shipping: await createTestDatabase(admin, tables.shipping),
  };
  urls = { orders: databases.orders.url, inventory: databases.inventory.url, shipping: databases.shipping.url };
});
afterAll(async () => {
  await Promise.all(Object.values(databases).map((database) => database.drop()));
});
beforeEach(async () => {
  await databases.orders.query('TRUNCATE orders, outbox');
  await databases.inventory.query('TRUNCATE reservations, stock, outbox, parked');
  await databases.shipping.query('TRUNCATE shipments, outbox');
  await databases.inventory.query(`INSERT INTO stock VALUES ('A', 100, 0)`);
});

function compare(options: Partial<ReconcileOptions> = {}) {
  return reconcile({ databases: urls }, { olderThanMs: 3_600_000, settleMs: 50, ...options });
}

/** Stores `ORDER RESERVATION SHIPMENT` and returns the order's id; NONE is not stored. */
async function story(states: string): Promise<string> {
  const [order, reservation, shipment] = states.split(' ');
  const [id, shipmentId] = [randomUUID(), randomUUID()];
  const shipped = order === 'SHIPPED';
  if (order !== 'NONE') {
    const parcel = shipped ? [shipmentId, `T-${id}`] : [null, null];
    await databases.orders.query('INSERT INTO orders VALUES ($1, $2, 3, $3, $4)', [id, order, ...parcel]);
  }
  if (reservation !== 'NONE') {
    const lines = JSON.stringify([{ sku: 'A', quantity: 2 }]);
    await databases.inventory.query('INSERT INTO reservations VALUES ($1, $2, 1, $3)', [id, reservation, lines]);
    if (reservation === 'RESERVED') {
      await databases.inventory.query(`UPDATE stock SET reserved = reserved + 2 WHERE sku = 'A'`);
    }
  }
  if (shipment !== 'NONE') {
    const label = shipment === 'DISPATCHED' ? [`L-${id}`, `T-${id}`] : [null, null];
    await databases.shipping.query('INSERT INTO shipments VALUES ($1, $2, $3, 2, $4, $5)', [shipmentId, id, shipment, ...label]);
  }
  return id;
}

function owe(service: Service, orderId: string, { held = false, version = 3 } = {}) {
  return databases[service].query(
    `INSERT INTO outbox (aggregatetype, aggregateid, version, type, partitionkey, held, error)
     VALUES ('a', $1, $2, 'waybill.spec.v1', $1, $3, 'too large')`,
    [orderId, version, held],
  );
}

function park(orderId: string, state: 'waiting' | 'dead') {
  return databases.inventory.query(
    `INSERT INTO parked VALUES ('inventory', 'waybill.orders', $1, 'waybill.order.cancelled.v1', $2, 'out of luck')`,
    [orderId, state],
  );
}

describe('reconciliation', () => {
  it('has nothing to list where everything fits', async () => {
    for (const states of ['SHIPPED SHIPPED DISPATCHED', 'CANCELLED RELEASED FAILED', 'CONFIRMED RESERVED REQUESTED']) {
      await story(states);
    }
    const result = await compare();
    expect(result).toEqual({ orders: 3, inFlight: 0, mismatches: [], truncated: false });
    expect(renderReconciliation(result)).toContain('fit together');
  });

  it('finds the one that does not among many pages of those that do', async () => {
    await databases.orders.query(
      `INSERT INTO orders SELECT gen_random_uuid(), 'REJECTED', 2, NULL, NULL FROM generate_series(1, 12000)`,
    );
    const ids = (await databases.orders.query<{ id: string }>('SELECT id FROM orders')).map(({ id }) => id);
    await databases.inventory.query(
      `INSERT INTO reservations SELECT id, 'REJECTED', 1, '[]' FROM unnest($1::uuid[]) AS id`,
      [ids],
    );
    const held = await story('CANCELLED RESERVED FAILED');
    const result = await compare();
    expect(result.orders).toBe(12_001);
    expect(result.mismatches).toMatchObject([{ kind: 'reservation-held', orderId: held }]);
  });

  it('leaves out what is under way: in an outbox, or parked and tried again', async () => {
    await owe('orders', await story('CANCELLED RESERVED NONE'));
    await park(await story('CANCELLED RESERVED FAILED'), 'waiting');
    expect(await compare()).toMatchObject({ orders: 2, inFlight: 2, mismatches: [] });
  });

  it('leaves out what moves while it looks', async () => {
    await story('CANCELLED RESERVED NONE');
    const moving = setInterval(() => void databases.inventory.query('UPDATE reservations SET version = version + 1'), 10);
    try {
      expect(await compare({ settleMs: 500 })).toMatchObject({ inFlight: 1, mismatches: [] });
    } finally {
      clearInterval(moving);
    }
    expect(await compare()).toMatchObject({ inFlight: 0, mismatches: [{ kind: 'reservation-held' }] });
  });

  it('lists an event that stopped, and what it holds up', async () => {
    const held = await story('CANCELLED RESERVED NONE');
    await owe('orders', held, { held: true });
    // Behind the held one: it will not move either.
    await owe('orders', held, { version: 4 });
    const dead = await story('CANCELLED RESERVED FAILED');
    await park(dead, 'waiting');
    await park(dead, 'dead');
    const { mismatches, inFlight } = await compare();
    expect(inFlight).toBe(0);
    expect(mismatches.map(({ kind, orderId }) => [kind, orderId])).toEqual([
      ...[held, dead].sort().map((id) => ['reservation-held', id]),
      ['dead-event', dead],
      ['held-event', held],
    ]);
    expect(mismatches.at(-1)?.detail).toContain('outbox of orders: too large');
    expect(mismatches.at(-2)?.detail).toContain('waybill.order.cancelled.v1 at inventory: out of luck');
  });

  it('lists who waits too long, though all fits', async () => {
    const id = await story('CONFIRMED RESERVED REQUESTED');
    await databases.orders.query(`UPDATE orders SET created_at = now() - interval '3 hours'`);
    expect((await compare()).mismatches).toEqual([{ kind: 'waiting', orderId: id, detail: 'CONFIRMED, placed 3 h ago' }]);
    expect((await compare({ olderThanMs: 4 * 3_600_000 })).mismatches).toEqual([]);
  });

  it('finds stock that is reserved for nobody, and what is held without stock', async () => {
    await databases.inventory.query(`INSERT INTO stock VALUES ('B', 10, 3)`);
    await story('CONFIRMED RESERVED REQUESTED');
    await databases.inventory.query(`DELETE FROM stock WHERE sku = 'A'`);
    expect((await compare()).mismatches).toEqual([
      { kind: 'reserved-sum', orderId: null, detail: 'A: 0 reserved, orders hold 2' },
      { kind: 'reserved-sum', orderId: null, detail: 'B: 3 reserved, orders hold 0' },
    ]);
  });

  it('finds one label on two parcels', async () => {
    const ids = [await story('SHIPPED SHIPPED DISPATCHED'), await story('SHIPPED SHIPPED DISPATCHED')].sort();
    await databases.shipping.query(`UPDATE shipments SET label_id = 'L1'`);
    expect((await compare()).mismatches).toEqual([
      { kind: 'shipped-twice', orderId: ids[0], detail: `label L1 is also that of ${ids[1]}` },
    ]);
  });

  it('finds what one database has alone', async () => {
    const reservation = await story('NONE RELEASED NONE');
    const shipment = await story('NONE NONE DISPATCHED');
    expect((await compare()).mismatches).toMatchObject([
      { kind: 'reservation-without-order', orderId: reservation },
      { kind: 'shipment-without-order', orderId: shipment },
    ]);
  });
});

describe('npm run waybill -- reconcile', () => {
  async function run(args: string[], env: NodeJS.ProcessEnv = environment()) {
    const printed: string[] = [];
    const complaints: string[] = [];
    const log = vi.spyOn(console, 'log').mockImplementation((line: string) => void printed.push(line));
    const error = vi.spyOn(console, 'error').mockImplementation((line: string) => void complaints.push(line));
    try {
      return { code: await reconcileCommand(args, env), printed: printed.join('\n'), complaints: complaints.join('\n') };
    } finally {
      log.mockRestore();
      error.mockRestore();
    }
  }

  function environment(): NodeJS.ProcessEnv {
    return Object.fromEntries(Object.entries(urls).map(([name, url]) => [`WAYBILL_${name.toUpperCase()}_DATABASE_URL`, url]));
  }

  it('answers 0, and 1 when something is listed', async () => {
    expect(await run(['--settle', '10ms'])).toMatchObject({ code: 0, printed: expect.stringContaining('fit together') as string });
    const id = await story('CANCELLED RESERVED NONE');
    const found = await run(['--settle', '10ms']);
    expect(found.code).toBe(1);
    expect(found.printed).toMatch(new RegExp(`reservation-held +${id} +the order is CANCELLED`));
    const json = await run(['--settle', '10ms', '--json']);
    expect(json.code).toBe(1);
    expect(JSON.parse(json.printed)).toMatchObject({ orders: 1, mismatches: [{ kind: 'reservation-held', orderId: id }] });
  });

  it('answers 69 when a database cannot be asked, and prints no result', async () => {
    const away = await run([], { ...environment(), WAYBILL_SHIPPING_DATABASE_URL: 'postgres://x:y@127.0.0.1:1/shipping' });
    expect(away).toMatchObject({ code: 69, printed: '', complaints: expect.stringContaining('ECONNREFUSED') as string });
    expect(away.complaints).not.toContain('x:y');
  });

  it.each([[['--older-than', 'soon']], [['--no-such']], [['everything']]])('answers 64 to %j', async (args) => {
    const refused = await run(args);
    expect(refused).toMatchObject({ code: 64, printed: '' });
    expect(refused.complaints).toContain('--older-than 1h');
  });

  it('explains itself', async () => {
    expect(await run(['--help'])).toMatchObject({ code: 0, printed: expect.stringContaining('--json') as string });
  });
});
