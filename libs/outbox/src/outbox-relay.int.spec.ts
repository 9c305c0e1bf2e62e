import type { Duplex } from 'node:stream';
import { setTimeout as sleep } from 'node:timers/promises';
import { publishers } from '@waybill/contracts';
import { createTestDatabase, TcpProxy, type TestDatabase, until } from '@waybill/testing';
import pg from 'pg';
import { DataSource, type EntityManager } from 'typeorm';
import { afterEach, beforeEach, describe, expect, inject, it } from 'vitest';
import { releaseHeld } from './held-row.js';
import { Outbox } from './outbox.js';
import { deleteAndRead, holdRow } from './outbox-batch.js';
import type { OutboxRecord } from './outbox-record.js';
import { OutboxRelay } from './outbox-relay.js';
import { OutboxSignal } from './outbox-signal.js';
import { outboxArchiveTables, outboxTables } from './outbox-tables.js';
import type { OutboxRelayOptions } from './relay-options.js';
import { ShardLeases } from './shard-leases.js';

const silent = { info: () => undefined, warn: () => undefined, error: () => undefined };

let database: TestDatabase;
let dataSource: DataSource;
let running: { stop(): Promise<void> }[];
const outbox = new Outbox('orders');

beforeEach(async () => {
  database = await createTestDatabase(inject('postgresAdminUrl'), [...outboxTables, ...outboxArchiveTables]);
  dataSource = await new DataSource({ type: 'postgres', url: database.url, installExtensions: false }).initialize();
  running = [];
});

afterEach(async () => {
  await Promise.all(running.map((each) => each.stop()));
  await dataSource.destroy();
  await database.drop();
});

async function connect(config: { host?: string; port?: number; query_timeout?: number } = {}): Promise<pg.Client> {
  const { username, password, pathname, hostname, port } = new URL(database.url);
  const client = new pg.Client({
    user: decodeURIComponent(username),
    password: decodeURIComponent(password),
    database: pathname.slice(1),
    host: hostname,
    port: Number(port),
    ...config,
  });
  client.on('error', () => undefined);
  await client.connect();
  return client;
}

function uuid(index: number): string {
  return `01937fd1-0000-7000-8000-${String(index).padStart(12, '0')}`;
}

function rejected(order: number, version: number) {
  const orderId = uuid(order);
  return {
    type: 'waybill.order.rejected.v1' as const,
    aggregateId: orderId,
    version,
    orderId,
    correlationId: 'test',
    data: { orderId, reason: `version ${version}` },
  };
}

async function append(manager: EntityManager, order: number, version: number): Promise<void> {
  await outbox.append(manager, rejected(order, version));
}

async function commit(order: number, version: number): Promise<void> {
  await dataSource.transaction((manager) => append(manager, order, version));
}

/** A broker that remembers what it acknowledged. */
class Broker {
  readonly acknowledged: OutboxRecord[] = [];
  readonly publish = (records: readonly OutboxRecord[]): Promise<void> => {
    this.acknowledged.push(...records);
    return Promise.resolve();
  };

  get told(): string[] {
    return this.acknowledged.map(
      ({ key, headers }) => `${Number(key?.slice(-12))}@${Number(headers['ce_sequence'] ?? Number.NaN)}`,
    );
  }
}

function relay(options: Partial<OutboxRelayOptions> & Pick<OutboxRelayOptions, 'publish'>): OutboxRelay {
  const signal = options.signal ?? new OutboxSignal();
  const each = new OutboxRelay({
    source: publishers.orders.source,
    owner: `test-${Math.random()}`,
    connect,
    signal,
    log: silent,
    pollIntervalMs: 25,
    ...options,
  });
  running.push(each);
  each.start();
  return each;
}

/** A process as the database sees it: it can die without a word, and it can freeze and come back. */
class Process {
  private readonly clients: pg.Client[] = [];
  private dead = false;
  private gate: Promise<void> = Promise.resolve();
  thaw: () => void = () => undefined;
  /** Freezes by itself as soon as it has read rows, before it can do anything with them. */
  freezesWithRows = false;

  readonly connect = async (): Promise<pg.Client> => {
    if (this.dead) {
      throw new Error('the process is dead');
    }
    const client = await connect();
    this.clients.push(client);
    const query = client.query.bind(client) as (...given: unknown[]) => Promise<pg.QueryResult>;
    return Object.assign(client, {
      query: async (...given: unknown[]) => {
        await this.gate;
        const result = await query(...given);
        const [statement] = given;
        if (this.freezesWithRows && typeof statement === 'object' && result.rows.length > 0) {
          this.freezesWithRows = false;
          this.freeze();
        }
        await this.gate;
        return result;
      },
    });
  };

  kill(): void {
    this.dead = true;
    for (const client of this.clients) {
      (client as unknown as { connection: { stream: Duplex } }).connection.stream.destroy();
    }
  }

  freeze(): void {
    this.gate = new Promise((resolve) => (this.thaw = resolve));
  }
}

/** What was told of one order, each version once, in the order of the first time. */
function firstTimes(told: readonly string[], order: number): string[] {
  return [...new Set(told.filter((each) => each.startsWith(`${order}@`)))];
}

async function pending(): Promise<number> {
  const [row] = await database.query<{ count: string }>('SELECT count(*) FROM outbox');
  return Number(row?.count);
}

describe('append', () => {
  it('refuses to work outside a transaction', async () => {
    await expect(outbox.append(dataSource.manager, rejected(1, 1))).rejects.toMatchObject({
      code: 'OUTBOX_NOT_IN_TRANSACTION',
    });
    const runner = dataSource.createQueryRunner();
    await expect(outbox.append(runner.manager, rejected(1, 1))).rejects.toMatchObject({
      code: 'OUTBOX_NOT_IN_TRANSACTION',
    });
    await runner.release();
  });

  it('leaves nothing behind when the transaction is rolled back', async () => {
    const failure = dataSource.transaction(async (manager) => {
      await append(manager, 1, 1);
      throw new Error('the business said no');
    });
    await expect(failure).rejects.toThrow('the business said no');
    expect(await pending()).toBe(0);
  });

  it.each([
    ['data that breaks its schema', { ...rejected(1, 1), data: { orderId: 'x', reason: '' } }, 'orderId: '],
    ["another service's event", { ...rejected(1, 1), type: 'waybill.stock.released.v1' as never }, 'orders publishes'],
    ['version 0', rejected(1, 0), 'positive integer, got 0'],
  ])('refuses %s before the commit', async (_, event, problem) => {
    await expect(dataSource.transaction((manager) => outbox.append(manager, event))).rejects.toThrow(problem);
    expect(await pending()).toBe(0);
  });

  it('refuses a second event for one version of an aggregate', async () => {
    await commit(1, 1);
    await expect(commit(1, 1)).rejects.toMatchObject({ code: '23505' });
  });
});

describe('relay', () => {
  it('publishes what was committed and deletes it after the acknowledgement', async () => {
    const broker = new Broker();
    for (let order = 1; order <= 20; order++) {
      await commit(order, 1);
    }
    relay(broker);
    await until(async () => (await pending()) === 0);
    expect(broker.told).toEqual(Array.from({ length: 20 }, (_, index) => `${index + 1}@1`));
  });

  it('keeps every row until the broker acknowledges, and sends again in the same order', async () => {
    const broker = new Broker();
    let failures = 3;
    await commit(1, 1);
    await commit(1, 2);
    await commit(2, 1);
    const seenWhileFailing: number[] = [];
    relay({
      publish: async (records) => {
        if (failures-- > 0) {
          seenWhileFailing.push(await pending());
          throw new Error('no broker');
        }
        await broker.publish(records);
      },
    });
    await until(async () => (await pending()) === 0);
    expect(seenWhileFailing).toEqual([3, 3, 3]);
    expect(broker.told).toEqual(['1@1', '1@2', '2@1']);
  });

  it('publishes a row that commits after rows with a higher seq', async () => {
    const broker = new Broker();
    const late = dataSource.createQueryRunner();
    await late.startTransaction();
    await append(late.manager, 1, 1);
    await commit(2, 1);
    relay(broker);
    await until(() => broker.told.includes('2@1'));
    // Polls go by while the transaction is open: what is not committed must not be sent, nor passed over.
    await until(async () => (await pending()) === 0);
    expect(broker.told).toEqual(['2@1']);
    await late.commitTransaction();
    await late.release();
    await until(() => broker.told.length === 2);
    expect(broker.told).toEqual(['2@1', '1@1']);
  });

  it.each([1, 2, 1_000])('keeps versions in order when seq was drawn in another order (batches of %i)', async (rows) => {
    // Two writers drew their seq before they had the lock on the aggregate, and committed in the order of versions.
    const second = dataSource.createQueryRunner();
    await second.startTransaction();
    await append(second.manager, 1, 3);
    await commit(1, 2);
    await second.commitTransaction();
    await second.release();
    const broker = new Broker();
    relay({ ...broker, publish: broker.publish, batchRowsMax: rows });
    await until(() => broker.told.length >= 2);
    expect(broker.told).toEqual(['1@2', '1@3']);
  });

  it('holds only the aggregate of a record that the broker refuses, later versions included', async () => {
    const broker = new Broker();
    for (let order = 1; order <= 9; order++) {
      await commit(order, 1);
    }
    await commit(5, 2);
    await commit(6, 2);
    relay({
      publish: async (records) => {
        if (records.some(({ key, headers }) => key === uuid(5) && headers['ce_sequence'] === '0000000001')) {
          throw Object.assign(new Error('MESSAGE_TOO_LARGE'), { recordRefused: true });
        }
        await broker.publish(records);
      },
    });
    await until(() => broker.told.length === 9);
    await commit(5, 3);
    await commit(7, 2);
    await until(() => broker.told.includes('7@2'));
    expect(broker.told.filter((each) => each.startsWith('5@'))).toEqual([]);
    const left = await database.query('SELECT version, held, attempts, error FROM outbox ORDER BY version');
    expect(left).toEqual([
      { version: '1', held: true, attempts: 1, error: 'MESSAGE_TOO_LARGE' },
      { version: '2', held: false, attempts: 0, error: null },
      { version: '3', held: false, attempts: 0, error: null },
    ]);
  });

  it('keeps versions in order when each writer drew its seq after it had the lock', async () => {
    const broker = new Broker();
    const first = dataSource.createQueryRunner();
    await first.startTransaction();
    await append(first.manager, 1, 2);
    await first.commitTransaction();
    await first.release();
    await commit(1, 3);
    relay(broker);
    await until(() => broker.told.length >= 2);
    expect(broker.told).toEqual(['1@2', '1@3']);
  });

  it('sends batch after batch without a sleep in between', async () => {
    const broker = new Broker();
    for (let order = 1; order <= 30; order++) {
      await commit(order, 1);
    }
    relay({ publish: broker.publish, batchRowsMax: 1, pollIntervalMs: 600_000 });
    await until(() => broker.told.length === 30);
  });

  it('is not put off by commits that never pause', async () => {
    const signal = new OutboxSignal();
    signal.watch(dataSource);
    const broker = new Broker();
    const sender = relay({ publish: broker.publish, signal, pollIntervalMs: 600_000 });
    await until(() => sender.status().shards === 64);
    let order = 0;
    // A debounced relay would wait for the end of this, which comes only when something was sent.
    while (broker.told.length < 20) {
      await commit(++order, 1);
    }
    await until(() => broker.told.length === order);
  });

  it('has one send in flight and one bounded batch in memory, however slow Kafka is', async () => {
    let inFlight = 0;
    let inFlightMax = 0;
    let bytesMax = 0;
    const broker = new Broker();
    for (let order = 1; order <= 15; order++) {
      await commit(order, 1);
    }
    await database.query(`UPDATE outbox SET payload = repeat('x', 400 * 1024)`);
    relay({
      batchBytesMax: 1_000_000_000,
      publish: async (records) => {
        inFlightMax = Math.max(inFlightMax, ++inFlight);
        bytesMax = Math.max(bytesMax, records.reduce((sum, { value }) => sum + (value?.length ?? 0), 0));
        await sleep(20);
        inFlight--;
        await broker.publish(records);
      },
    });
    await until(async () => (await pending()) === 0);
    expect(inFlightMax).toBe(1);
    expect(bytesMax).toBeLessThan(5 * 1024 * 1024);
    expect(broker.told).toHaveLength(15);
  });

  it('refuses a lease that a send could outlive', () => {
    expect(() => relay({ publish: new Broker().publish, leaseTtlMs: 1_000, sendTimeoutMs: 1_000 })).toThrow(
      'leaseTtlMs should be longer than sendTimeoutMs',
    );
  });

  it.each([3_600_000, -3_600_000])('goes on when the clock jumps by %i ms', async (jumpMs) => {
    let offsetMs = 0;
    const broker = new Broker();
    const sender = relay({ publish: broker.publish, now: () => performance.now() + offsetMs });
    await commit(1, 1);
    await until(() => broker.told.length === 1);
    offsetMs = jumpMs;
    await commit(1, 2);
    await until(async () => (await pending()) === 0);
    expect(broker.told).toEqual(['1@1', '1@2']);
    await until(() => sender.status().shards === 64);
  });

  it('loses nothing and keeps the order when Postgres cuts every connection in mid-batch', async () => {
    const broker = new Broker();
    let cuts = 2;
    for (let version = 1; version <= 6; version++) {
      await commit(1, version);
    }
    relay({
      batchRowsMax: 3,
      publish: async (records) => {
        if (cuts-- > 0) {
          await database.query(
            'SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = current_database() AND pid <> pg_backend_pid()',
          );
        }
        await broker.publish(records);
      },
    });
    await until(async () => (await pending()) === 0);
    expect(firstTimes(broker.told, 1)).toEqual(['1@1', '1@2', '1@3', '1@4', '1@5', '1@6']);
    expect(await database.query('SELECT * FROM outbox WHERE held')).toEqual([]);
  });

  it('lives on when its connections are cut, and loses nothing', async () => {
    const broker = new Broker();
    relay(broker);
    await commit(1, 1);
    await until(() => broker.told.length === 1);
    await database.query(
      'SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = current_database() AND pid <> pg_backend_pid()',
    );
    await until(async () => {
      await commit(2, 1);
      return true;
    });
    await until(() => broker.told.includes('2@1'));
  });

  it('is woken by a commit in its own process', async () => {
    const signal = new OutboxSignal();
    signal.watch(dataSource);
    const broker = new Broker();
    relay({ publish: broker.publish, signal, pollIntervalMs: 600_000 });
    for (let order = 1; order <= 5; order++) {
      await commit(order, 1);
      await until(() => broker.told.length === order, { timeoutMs: 5_000 });
    }
  });

  it('is woken by a commit in another process', async () => {
    const here = new OutboxSignal({ connect });
    const there = new OutboxSignal({ connect });
    here.start();
    there.start();
    running.push(here, there);
    there.watch(dataSource);
    const broker = new Broker();
    relay({ publish: broker.publish, signal: here, pollIntervalMs: 600_000 });
    await until(async () => (await database.query(`SELECT 1 FROM pg_stat_activity WHERE query ~ '^LISTEN'`)).length >= 2);
    for (let order = 1; order <= 5; order++) {
      await commit(order, 1);
      await until(() => broker.told.length === order, { timeoutMs: 5_000 });
    }
  });

  it('is woken again when the connection of the other process has died without a word', async () => {
    const { hostname, port } = new URL(database.url);
    const proxy = await TcpProxy.listen({ to: { host: hostname, port: Number(port) } });
    running.push({ stop: () => proxy.close() });
    const here = new OutboxSignal({ connect });
    const there = new OutboxSignal({ connect: () => connect({ host: '127.0.0.1', port: proxy.port, query_timeout: 300 }) });
    here.start();
    there.start();
    running.push(here, there);
    there.watch(dataSource);
    const broker = new Broker();
    relay({ publish: broker.publish, signal: here, pollIntervalMs: 600_000 });
    await until(async () => (await database.query(`SELECT 1 FROM pg_stat_activity WHERE query ~ '^LISTEN'`)).length >= 2);
    await commit(1, 1);
    await until(() => broker.told.length === 1);
    proxy.forget();
    let order = 1;
    await until(
      async () => {
        await commit(++order, 1);
        return broker.told.length > 1;
      },
      { intervalMs: 100 },
    );
    expect(proxy.size).toBe(2);
  });
});

describe('two relays', () => {
  it('never publish the same row at the same time, and together publish all', async () => {
    const inFlight = new Set<string>();
    const twice: string[] = [];
    const broker = new Broker();
    const publish = async (records: readonly OutboxRecord[]): Promise<void> => {
      const ids = records.map(({ headers }) => String(headers['ce_id']));
      twice.push(...ids.filter((id) => inFlight.has(id)));
      ids.forEach((id) => inFlight.add(id));
      await sleep(5);
      ids.forEach((id) => inFlight.delete(id));
      await broker.publish(records);
    };
    const relays = [relay({ publish, batchRowsMax: 7 }), relay({ publish, batchRowsMax: 7 })];
    for (let order = 1; order <= 100; order++) {
      await commit(order, 1);
    }
    // The owner goes in mid-flow, and the other one takes over.
    await relays.find((each) => each.status().shards > 0)?.stop();
    for (let order = 1; order <= 100; order++) {
      await commit(order, 2);
    }
    await until(async () => (await pending()) === 0);
    expect(twice).toEqual([]);
    expect(broker.told).toHaveLength(200);
    for (let order = 1; order <= 100; order++) {
      expect(broker.told.filter((each) => each.startsWith(`${order}@`))).toEqual([`${order}@1`, `${order}@2`]);
    }
  });

  it('take over from one that stopped, at once', async () => {
    const first = new Broker();
    const stopping = relay({ publish: first.publish, leaseTtlMs: 600_000, sendTimeoutMs: 1_000 });
    await commit(1, 1);
    await until(() => first.told.length === 1);
    const second = new Broker();
    relay({ publish: second.publish, leaseTtlMs: 600_000, sendTimeoutMs: 1_000 });
    await stopping.stop();
    await commit(1, 2);
    await until(() => second.told.length === 1);
  });

  it('take over from one that died, after its lease', async () => {
    const client = await connect();
    const dead = new ShardLeases({ owner: 'dead', ttlMs: 300, now: () => performance.now() });
    await dead.beat(client);
    expect(dead.held.shards).toHaveLength(64);
    await client.end();
    await commit(1, 1);
    const broker = new Broker();
    const successor = relay(broker);
    await until(() => successor.status().shards === 64);
    await until(() => broker.told.length === 1);
  });
});

describe('relays that share the shards', () => {
  const shares = (relays: readonly OutboxRelay[]): number[] => relays.map((each) => each.status().shards).sort();

  it('own equal parts, and divide anew when one comes or goes, without a copy, a step back or a pause', async () => {
    const broker = new Broker();
    const inFlight = new Set<string>();
    const atOnce: string[] = [];
    const warnings: string[] = [];
    const publish = async (records: readonly OutboxRecord[]): Promise<void> => {
      const ids = records.map(({ headers }) => String(headers['ce_id']));
      atOnce.push(...ids.filter((id) => inFlight.has(id)));
      ids.forEach((id) => inFlight.add(id));
      await sleep(2);
      ids.forEach((id) => inFlight.delete(id));
      await broker.publish(records);
    };
    const log = { ...silent, warn: (message: string) => warnings.push(message) };
    const start = (): OutboxRelay => relay({ publish, log, batchRowsMax: 5 });
    let version = 0;
    let committing = true;
    const writer = (async () => {
      while (committing) {
        version++;
        for (let order = 1; order <= 10; order++) {
          await commit(order, version);
        }
      }
    })();

    const first = start();
    await until(() => first.status().shards === 64);
    const second = start();
    await until(() => shares([first, second]).join() === '32,32');
    const third = start();
    await until(() => shares([first, second, third]).join() === '21,21,22');
    await first.stop();
    await until(() => shares([second, third]).join() === '32,32');
    await third.stop();
    await until(() => second.status().shards === 64);
    committing = false;
    await writer;
    await until(async () => (await pending()) === 0);

    expect(atOnce).toEqual([]);
    for (let order = 1; order <= 10; order++) {
      expect(broker.told.filter((each) => each.startsWith(`${order}@`))).toEqual(
        Array.from({ length: version }, (_, index) => `${order}@${index + 1}`),
      );
    }
    expect(warnings).toEqual([]);
  });

  it('give no shard away in mid-send, nor before what was acknowledged is deleted', async () => {
    const broker = new Broker();
    let settle: () => void = () => undefined;
    const acknowledgement = new Promise<void>((resolve) => (settle = resolve));
    let sending = false;
    for (let order = 1; order <= 20; order++) {
      await commit(order, 1);
    }
    const first = relay({
      leaseTtlMs: 60_000,
      sendTimeoutMs: 50_000,
      publish: async (records) => {
        sending = true;
        await acknowledgement;
        await broker.publish(records);
      },
    });
    await until(() => sending);
    const second = relay({ publish: broker.publish });
    await until(() => first.status().members === 2 && second.status().members === 2);
    expect(second.status().shards).toBe(0);
    settle();
    await until(() => shares([first, second]).join() === '32,32');
    await until(async () => (await pending()) === 0);
    expect(broker.told).toHaveLength(20);
  });

  it('take the shards of one that was killed when its lease ends, and leave it nothing', async () => {
    const broker = new Broker();
    const doomed = new Process();
    const [killed, survivor] = [
      relay({ publish: broker.publish, connect: doomed.connect, leaseTtlMs: 600, sendTimeoutMs: 300 }),
      relay({ publish: broker.publish, leaseTtlMs: 600, sendTimeoutMs: 300 }),
    ];
    await until(() => shares([killed, survivor]).join() === '32,32');
    doomed.kill();
    for (let order = 1; order <= 30; order++) {
      await commit(order, 1);
    }
    await until(() => survivor.status().shards === 64);
    await until(async () => (await pending()) === 0);
    expect(new Set(broker.told).size).toBe(30);
    expect(killed.status().shards).toBe(0);
  });

  it.each(['has read', 'is sending', 'is refused'])(
    'fence one that froze while it %s: awake again it neither publishes nor deletes nor holds',
    async (moment) => {
      let clock = 0;
      const frozen = new Process();
      const late = new Broker();
      let settle: () => void = () => undefined;
      const sending = new Promise<void>((resolve) => (settle = resolve));
      frozen.freezesWithRows = moment === 'has read';
      const sends: number[] = [];
      const sleeper = relay({
        connect: frozen.connect,
        now: () => clock,
        leaseTtlMs: 60_000,
        sendTimeoutMs: 50_000,
        publish: async (records) => {
          sends.push(records.length);
          frozen.freeze();
          await sending;
          if (moment === 'is refused') {
            throw Object.assign(new Error('MESSAGE_TOO_LARGE'), { recordRefused: true });
          }
          await late.publish(records);
        },
      });
      await until(() => sleeper.status().shards === 64);
      await commit(1, 1);
      await until(() => (moment === 'has read' ? !frozen.freezesWithRows : sends.length === 1));
      // Frozen for longer than its lease, which the database sees end.
      await database.query(`UPDATE outbox_leases SET expires_at = '-infinity'`);
      await database.query(`UPDATE outbox_relays SET expires_at = '-infinity'`);
      const broker = new Broker();
      const block = await connect();
      const successor = relay({ publish: broker.publish });
      await until(() => successor.status().shards === 64);
      await until(() => broker.told.length === 1);
      await commit(1, 2);
      await until(() => broker.told.length === 2);
      await successor.stop();
      await commit(1, 3);

      // Nobody else can run: what happens now, the one that wakes has done.
      await database.query(`UPDATE outbox_leases SET owner = 'nobody', fence = fence + 1, expires_at = 'infinity'`);
      clock = 61_000;
      frozen.thaw();
      settle();
      await until(() => sleeper.status().members === 1);
      await sleeper.stop();
      await block.end();
      expect(sends).toHaveLength(moment === 'has read' ? 0 : 1);
      expect(late.told).toEqual(moment === 'is sending' ? ['1@1'] : []);
      expect(await database.query('SELECT version, held FROM outbox')).toEqual([{ version: '3', held: false }]);
    },
  );

  it('let no send outlive its leases: whoever cannot finish it gives way, and sends nothing before it has settled', async () => {
    let settle: () => void = () => undefined;
    const never = new Promise<void>((resolve) => (settle = resolve));
    let sends = 0;
    const stuck = relay({
      leaseTtlMs: 500,
      sendTimeoutMs: 200,
      publish: () => {
        sends++;
        return never;
      },
    });
    await until(() => stuck.status().shards === 64);
    await commit(1, 1);
    await until(() => sends === 1);
    const broker = new Broker();
    const other = relay({ publish: broker.publish, leaseTtlMs: 500, sendTimeoutMs: 200 });
    await until(() => other.status().shards === 64);
    await until(() => broker.told.length === 1);
    expect(sends).toBe(1);
    settle();
    await until(() => shares([stuck, other]).join() === '32,32');
  });

  it('are told of a commit only when somebody else owns its shard', async () => {
    const heard: (string | undefined)[] = [];
    const listener = await connect();
    listener.on('notification', ({ payload }) => heard.push(payload));
    await listener.query('LISTEN waybill_outbox');
    const here = new OutboxSignal({ connect });
    here.start();
    running.push(here);
    here.watch(dataSource);
    await until(async () => (await database.query(`SELECT 1 FROM pg_stat_activity WHERE query ~ '^LISTEN'`)).length >= 2);
    const broker = new Broker();
    const alone = relay({ publish: broker.publish, signal: here, pollIntervalMs: 600_000 });
    await until(() => alone.status().shards === 64);
    for (let order = 1; order <= 20; order++) {
      await commit(order, 1);
    }
    await until(() => broker.told.length === 20);
    await database.query(`NOTIFY waybill_outbox, 'end'`);
    await until(() => heard.includes('end'));
    expect(heard.filter((payload) => /^[0-9a-f]+$/.test(payload ?? '') && payload !== 'end')).toEqual([]);

    const there = new OutboxSignal({ connect });
    there.start();
    running.push(there);
    const other = relay({ publish: broker.publish, signal: there, pollIntervalMs: 600_000 });
    await until(() => shares([alone, other]).join() === '32,32');
    for (let order = 1; order <= 20; order++) {
      await commit(order, 2);
    }
    await until(() => broker.told.length === 40);
    expect(heard.some((payload) => /^[0-9a-f]{1,16}$/.test(payload ?? ''))).toBe(true);
    await listener.end();
  });
});

describe('poison', () => {
  /** Processes that all die of one row, one after another, as a supervisor would start them. */
  async function dieOf(order: number, isOver: () => Promise<boolean>, deathsMax: number): Promise<{ deaths: number; broker: Broker }> {
    const broker = new Broker();
    let deaths = 0;
    while (!(await isOver()) && deaths < deathsMax) {
      const process = new Process();
      let died = false;
      const doomed = relay({
        connect: process.connect,
        leaseTtlMs: 200,
        sendTimeoutMs: 100,
        publish: (records) => {
          if (records.some(({ key }) => key === uuid(order))) {
            died = true;
            process.kill();
            return new Promise(() => undefined);
          }
          return broker.publish(records);
        },
      });
      await until(async () => died || (await isOver()));
      deaths += died ? 1 : 0;
      await doomed.stop();
    }
    return { deaths, broker };
  }

  const isHeld = async (): Promise<boolean> => (await database.query('SELECT 1 FROM outbox WHERE held')).length === 1;

  it('holds a row when the process died three times while it was sent alone, and only that row', async () => {
    for (let order = 1; order <= 8; order++) {
      await commit(order, 1);
    }
    await commit(5, 2);
    const { deaths, broker } = await dieOf(5, isHeld, 20);
    // Together with others, then with half of them, and so on; the last three deaths are its own.
    expect(deaths).toBeGreaterThanOrEqual(5);
    relay(broker);
    await until(() => new Set(broker.told).size === 7);
    expect(broker.told.filter((each) => each.startsWith('5@'))).toEqual([]);
    const left = await database.query('SELECT version, held, attempts, error FROM outbox ORDER BY version');
    expect(left).toEqual([
      { version: '1', held: true, attempts: 3, error: expect.stringContaining('died 3 times') as string },
      { version: '2', held: false, attempts: 0, error: null },
    ]);

    // An operator lets it go again: what it was blamed for is forgotten.
    const [row] = await database.query<{ id: string }>('SELECT id FROM outbox WHERE held');
    expect(await dataSource.transaction((manager) => releaseHeld(manager, row?.id ?? ''))).toBe('done');
    await until(async () => (await pending()) === 0);
    expect(broker.told.filter((each) => each.startsWith('5@'))).toEqual(['5@1', '5@2']);
  });

  it('does not blame a row for two deaths, nor for what Kafka and the database do', async () => {
    await commit(5, 1);
    await dieOf(5, isHeld, 2);
    const broker = new Broker();
    let failures = 4;
    relay({
      publish: async (records) => {
        if (failures-- > 0) {
          await database.query(
            'SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = current_database() AND pid <> pg_backend_pid()',
          );
          throw Object.assign(new Error('connect ECONNREFUSED'), { code: 'ECONNREFUSED' });
        }
        await broker.publish(records);
      },
    });
    await until(async () => (await pending()) === 0);
    expect(broker.told).toEqual(['5@1']);
  });
});

describe('fencing', () => {
  it('lets a relay that was paused neither read nor delete nor hold', async () => {
    await commit(1, 1);
    const client = await connect();
    let clock = 0;
    const paused = new ShardLeases({ owner: 'paused', ttlMs: 50, now: () => clock });
    await paused.beat(client);
    const stale = paused.held;
    const read = { owner: 'paused', rowsMax: 10, archive: false, note: true };
    const [row] = await deleteAndRead(client, stale, [], read);
    expect(row?.version).toBe('1');
    const successor = new ShardLeases({ owner: 'successor', ttlMs: 60_000, now: () => clock });
    await until(async () => {
      await successor.beat(client);
      return successor.held.shards.length === 64;
    });

    const seq = row?.seq ?? '';
    expect(await deleteAndRead(client, stale, [seq], read)).toEqual([]);
    await holdRow(client, stale, seq, 'I am late');
    expect(await database.query('SELECT held FROM outbox')).toEqual([{ held: false }]);
    await paused.beat(client);
    expect(paused.held.shards).toEqual([]);
    expect((await deleteAndRead(client, successor.held, [], { ...read, owner: 'successor' })).map((each) => each.seq)).toEqual([seq]);

    clock = 60_001;
    expect(successor.held.shards).toEqual([]);
    await client.end();
  });
});
