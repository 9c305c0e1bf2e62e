import { randomUUID } from 'node:crypto';
import type { Envelope, ReceivedEvent } from '@waybill/contracts';
import { createTestDatabase, type TestDatabase, until } from '@waybill/testing';
import { DataSource, type EntityManager } from 'typeorm';
import { afterEach, beforeEach, describe, expect, inject, it } from 'vitest';
import { listAudit } from './audit.js';
import { discard, retryDead } from './dead-events.js';
import type { DeadLetter } from './dead-letter.js';
import { IdempotentConsumer, type IdempotentConsumerOptions } from './idempotent-consumer.js';
import type { EffectOutcome } from './inbox.js';
import type { InboxRecord } from './inbox-record.js';
import { inboxTables } from './inbox-tables.js';
import { countParked, findParked, listDeadRecords, listHandled, listParked } from './parked-events.js';
import { parkingTables } from './parking-tables.js';
import { retrySchedule } from './retry-schedule.js';
import { RetryWorker } from './retry-worker.js';
import type { Reading, RecordOutcome } from './subscription.js';

type Effect = (manager: EntityManager, event: ReceivedEvent) => Promise<EffectOutcome | void>;

let database: TestDatabase;
let dataSource: DataSource;

/** What the next effects do; by the event's id, else the plain one. */
let behaviour: Map<string, Effect>;
/** How the subscription reads records of these ids; else as events. */
let readings: Map<string, Exclude<Reading['kind'], 'event'>>;
let transactions: number;
let letters: DeadLetter[];
/** Ids in the order in which their effects were started, whether or not these were committed. */
let started: string[];

beforeEach(async () => {
  database = await createTestDatabase(inject('postgresAdminUrl'), [
    ...inboxTables,
    ...parkingTables,
    'CREATE TABLE effects (seq bigint GENERATED ALWAYS AS IDENTITY, key text, id uuid)',
    'CREATE TABLE shared (name text PRIMARY KEY, n integer NOT NULL DEFAULT 0)',
    `INSERT INTO shared (name) VALUES ('a'), ('b')`,
    'CREATE TABLE letters (id text)',
  ]);
  dataSource = await connect();
  behaviour = new Map();
  readings = new Map();
  transactions = 0;
  letters = [];
  started = [];
});

afterEach(async () => {
  await dataSource.destroy();
  await database.drop();
});

function connect(): Promise<DataSource> {
  const extra = { pipeline: true, lock_timeout: 2_000, idle_in_transaction_session_timeout: 5_000 };
  return new DataSource({ type: 'postgres', url: database.url, installExtensions: false, extra }).initialize();
}

interface Facts {
  readonly id: string;
  readonly key: string;
}

/** Where a record stands, and the version of its order. */
interface Place {
  readonly offset: string;
  readonly version: string;
}

let nextOffset = 0;

function record({
  id = randomUUID(),
  key = randomUUID(),
  offset = String(nextOffset++),
  version = String(Number(offset) + 1),
}: Partial<Facts & Place> = {}): InboxRecord & Facts {
  const headers = { ce_id: id, ce_type: 'waybill.order.placed.v1', ce_sequence: version };
  return {
    id,
    topic: 'waybill.orders',
    partition: 3,
    offset,
    key,
    value: Buffer.from([0xff, 0x00, 0x7b]),
    headers,
    rawHeaders: { ...headers, bytes: Buffer.from([0xfe]), twice: ['a', Buffer.from([0xfd])] },
    timestamp: '1764000000123',
  };
}

function envelopeOf(from: InboxRecord): Envelope {
  return {
    id: from.headers['ce_id'] ?? '',
    source: '/waybill/orders',
    type: from.headers['ce_type'] ?? '',
    subject: from.key ?? '',
    time: '2026-11-24T03:00:00.000000Z',
    version: Number(from.headers['ce_sequence']),
    partitionKey: from.key ?? '',
    correlationId: 'c',
    trace: {},
  };
}

function read(from: InboxRecord): Reading {
  const envelope = envelopeOf(from);
  const kind = readings.get(envelope.id) ?? 'event';
  switch (kind) {
    case 'event': {
      const { topic, partition, offset } = from;
      return { kind, event: { ...envelope, topic, partition, offset, data: {} } as unknown as ReceivedEvent };
    }
    case 'ignored':
      return { kind, type: envelope.type };
    case 'no-event':
      return { kind, type: envelope.type, problem: 'header ce_id is \0 missing' };
    case 'newer-version':
    case 'breaks-schema':
      return { kind, envelope, problem: `${kind} it is` };
  }
}

const plain: Effect = async (manager, event) => {
  await manager.query('INSERT INTO effects (key, id) VALUES ($1, $2)', [event.partitionKey, event.id]);
};

const failing: Effect = async (manager, event) => {
  await plain(manager, event);
  throw new Error('not today');
};

const refusing: Effect = async () => {
  throw Object.assign(new Error('never'), { retriable: false });
};

const schedule = { ...retrySchedule, attemptsMax: 5, backoffMs: 1, backoffMaxMs: 1 };

function options(over: Partial<IdempotentConsumerOptions> = {}): IdempotentConsumerOptions {
  return {
    consumer: 'inventory',
    transaction: (run) => {
      transactions++;
      return dataSource.transaction(async (manager) => {
        const result = await run(manager);
        // Fails where COMMIT would be answered with ROLLBACK.
        await manager.query('SELECT 1');
        return result;
      });
    },
    subscription: {
      read,
      effect: (manager, event) => {
        started.push(event.id);
        return (behaviour.get(event.id) ?? plain)(manager, event);
      },
    },
    sendDeadLetter: async (manager, letter) => {
      await manager.query('INSERT INTO letters VALUES ($1)', [letter.headers.find(([name]) => name === 'ce_id')?.[1]?.toString()]);
      letters.push(letter);
    },
    schedule,
    around: (_record, run) => run(),
    counted: () => undefined,
    log: { info: () => undefined, warn: () => undefined, error: () => undefined },
    ...over,
  };
}

/** Hands the records over as one chunk; answers what was counted for each. */
async function consume(records: readonly InboxRecord[], over: Partial<IdempotentConsumerOptions> = {}): Promise<RecordOutcome[]> {
  const counted: RecordOutcome[] = [];
  await new IdempotentConsumer(options({ counted: (outcome) => counted.push(outcome), ...over })).handle(records);
  return counted;
}

function worker(over: Partial<IdempotentConsumerOptions> = {}): RetryWorker {
  return new RetryWorker(options(over));
}

/** Lets the worker go on until nothing is due. */
async function retry(): Promise<string[]> {
  const turns: string[] = [];
  await database.query(`UPDATE parked_keys SET next_attempt_at = now() - interval '1 second' WHERE state = 'retrying'`);
  for (let turn = await worker().turn(); turn !== 'idle'; turn = await worker().turn()) {
    turns.push(turn);
    if (turn === 'postponed') {
      break;
    }
  }
  return turns;
}

/** A transaction in which something else happens before a statement that begins like this. */
function interrupted(statement: string, meanwhile: () => Promise<unknown>): Pick<IdempotentConsumerOptions, 'transaction'> {
  return {
    transaction: (run) =>
      dataSource.transaction((manager) => {
        const query = manager.query.bind(manager);
        manager.query = async (sql: string, parameters?: unknown[]) => {
          if (sql.startsWith(statement)) {
            await meanwhile();
          }
          return query(sql, parameters);
        };
        return run(manager);
      }),
  };
}

async function effects(): Promise<string[]> {
  return (await database.query<{ id: string }>('SELECT id FROM effects ORDER BY seq')).map(({ id }) => id);
}

async function parked() {
  const rows = await database.query<{ id: string; state: string; attempts: number }>(
    'SELECT id, state, attempts FROM parked ORDER BY "offset"',
  );
  return rows.map(({ id, state, attempts }) => [id, state, attempts]);
}

async function keys() {
  return database.query('SELECT key, state, attempts FROM parked_keys ORDER BY key');
}

/** What another member of the group leaves behind when it has handled the event. */
async function remember({ id }: Facts): Promise<void> {
  await database.query(
    `INSERT INTO inbox (consumer, source, id, topic, partition, "offset", subject, sequence)
     VALUES ('inventory', '/waybill/orders', $1, 'waybill.orders', 3, 1, 'k', 1)`,
    [id],
  );
}

async function sent(): Promise<string[]> {
  return (await database.query<{ id: string }>('SELECT id FROM letters')).map(({ id }) => id);
}

const ids = (records: readonly Pick<Facts, 'id'>[]) => records.map(({ id }) => id);

describe('a chunk', () => {
  it('is one transaction, whatever is in it', async () => {
    const chunk = Array.from({ length: 100 }, () => record());
    const [ignored] = chunk;
    readings.set(ignored?.id ?? '', 'ignored');
    expect(await consume(chunk)).toEqual(['ignored', ...Array.from({ length: 99 }, () => 'done')]);
    expect(transactions).toBe(1);
    expect((await effects()).sort()).toEqual(ids(chunk.slice(1)).sort());
  });

  it('of ten copies of one event has one effect, in one chunk and across chunks', async () => {
    const { id, key } = record();
    const copies = Array.from({ length: 10 }, () => record({ id, key }));
    expect(await consume(copies)).toEqual(['done', ...Array.from({ length: 9 }, () => 'duplicate')]);
    expect(await consume(copies)).toEqual(Array.from({ length: 10 }, () => 'duplicate'));
    expect(await effects()).toEqual([id]);
  });

  it('runs the events of one key in sequence, and those of different keys at the same time', async () => {
    const [slow, fast] = ['slow', 'fast'];
    const chunk = [record({ key: slow }), record({ key: slow }), record({ key: fast }), record({ key: fast })];
    const life: string[] = [];
    for (const { id, key } of chunk) {
      behaviour.set(id, async (manager, event) => {
        life.push(`${key} starts`);
        await manager.query('SELECT pg_sleep(0.01)');
        await plain(manager, event);
        life.push(`${key} ends`);
      });
    }
    await consume(chunk);
    expect(life.slice(0, 2)).toEqual(['slow starts', 'fast starts']);
    for (const key of [slow, fast]) {
      expect(life.filter((line) => line.startsWith(key))).toEqual([`${key} starts`, `${key} ends`, `${key} starts`, `${key} ends`]);
    }
  });

  it('marks what came too late, in one statement', async () => {
    const chunk = [record(), record(), record()];
    behaviour.set(chunk[1]?.id ?? '', async () => 'stale');
    expect(await consume(chunk)).toEqual(['done', 'stale', 'done']);
    const stale = await database.query(`SELECT id FROM inbox WHERE outcome = 'stale'`);
    expect(stale).toEqual([{ id: chunk[1]?.id }]);
  });

  it('locks what its events share once, before the first effect', async () => {
    const chunk = [record(), record()];
    const order: string[] = [];
    await consume(chunk, {
      subscription: {
        read,
        lockShared: async (_manager, events) => {
          order.push(`lock ${events.length}`);
        },
        effect: async () => {
          order.push('effect');
        },
      },
    });
    expect(order).toEqual(['lock 2', 'effect', 'effect']);
  });

  it('tells after the commit which effects there were, and only those', async () => {
    const chunk = [record(), record()];
    await consume(chunk.slice(0, 1));
    let told: string[] = [];
    await consume(chunk, {
      subscription: {
        read,
        effect: plain,
        committed: (events) => {
          told = events.map(({ id }) => id);
        },
      },
    });
    expect(told).toEqual(ids(chunk.slice(1)));
  });
});

describe('a failing event', () => {
  it('parks its key: what follows with the same key waits behind it, the others go on', async () => {
    const chunk = [
      record({ key: 'good' }),
      record({ key: 'bad' }),
      record({ key: 'bad' }),
      record({ key: 'good' }),
      record({ key: 'bad' }),
    ];
    const [first, guilty, second, third, last] = ids(chunk) as [string, string, string, string, string];
    behaviour.set(guilty, failing);
    expect(await consume(chunk)).toEqual(['done', 'parked', 'parked', 'done', 'parked']);
    expect(await effects()).toEqual([first, third]);
    expect(await parked()).toEqual([
      [guilty, 'waiting', 3],
      [second, 'waiting', 0],
      [last, 'waiting', 0],
    ]);
    expect(await keys()).toEqual([{ key: 'bad', state: 'retrying', attempts: 3 }]);
  });

  it('is tried in place for a short while, and nothing is parked when that helps', async () => {
    const event = record();
    let attempts = 0;
    behaviour.set(event.id, async (manager, received) => {
      await (++attempts < 4 ? failing : plain)(manager, received);
    });
    expect(await consume([event])).toEqual(['done']);
    expect(attempts).toBe(4);
    expect(await effects()).toEqual([event.id]);
    expect(await parked()).toEqual([]);
  });

  it('is retried by the worker until it heals, and then what waits behind it follows in order', async () => {
    const chunk = [record({ key: 'k' }), record({ key: 'k' }), record({ key: 'k' })];
    const [head] = ids(chunk);
    behaviour.set(head ?? '', failing);
    await consume(chunk);
    expect(await retry()).toEqual(['postponed']);
    const later = record({ key: 'k' });
    expect(await consume([later])).toEqual(['parked']);

    behaviour.clear();
    expect(await retry()).toEqual(['done', 'done', 'done', 'done']);
    expect(await effects()).toEqual([...ids(chunk), later.id]);
    expect(await parked()).toEqual([]);
    expect(await keys()).toEqual([]);
    expect(await consume([record({ key: 'k' })])).toEqual(['done']);
  });

  it('comes back from the parking place with its own bytes and headers', async () => {
    const event = record();
    behaviour.set(event.id, failing);
    await consume([event]);
    behaviour.clear();
    let again: InboxRecord | undefined;
    await database.query(`UPDATE parked_keys SET next_attempt_at = now()`);
    await worker({
      around: (from, run) => {
        again = from;
        return run();
      },
    }).turn();
    const { topic, partition, offset, key, value, timestamp } = event;
    expect(again).toMatchObject({ topic, partition, offset, key, value, timestamp });
    expect(again?.rawHeaders['bytes']).toEqual(Buffer.from([0xfe]));
    expect(again?.rawHeaders['twice']).toEqual([Buffer.from('a'), Buffer.from([0xfd])]);
    expect(again?.headers['ce_id']).toBe(event.id);
  });

  it('is dead when its attempts are used up, and copied to the dead letters once; its key stays closed', async () => {
    const chunk = [record({ key: 'k' }), record({ key: 'k' })];
    const [head = '', second = ''] = ids(chunk);
    behaviour.set(head, failing);
    await consume(chunk);
    expect(await retry()).toEqual(['postponed']);
    expect(await retry()).toEqual(['dead']);
    expect(await retry()).toEqual([]);
    expect(await parked()).toEqual([
      [head, 'dead', 5],
      [second, 'waiting', 0],
    ]);
    expect(await keys()).toEqual([{ key: 'k', state: 'dead', attempts: 5 }]);
    expect(await sent()).toEqual([head]);
    expect(await consume([record({ key: 'k' })])).toEqual(['parked']);
    expect(await effects()).toEqual([]);
  });

  it('is dead at once when its error says that a retry is useless', async () => {
    const event = record({ key: 'k' });
    behaviour.set(event.id, refusing);
    expect(await consume([event])).toEqual(['dead']);
    expect(started.filter((id) => id === event.id)).toHaveLength(2);
    expect(await parked()).toEqual([[event.id, 'dead', 1]]);
    expect(await keys()).toEqual([{ key: 'k', state: 'dead', attempts: 1 }]);
  });

  it('is dead with all its own headers, and with where it came from and why', async () => {
    const event = { ...record(), rawHeaders: { own: Buffer.from([0xfe]), waybill_dlt_reason: 'of an earlier death' } };
    behaviour.set(event.id, refusing);
    await consume([event]);
    const { value, key, headers } = letters[0] ?? {};
    expect({ key, value }).toEqual({ key: event.key, value: event.value });
    const told = headers?.map(([name, bytes]) => [name, name === 'own' ? bytes : bytes?.toString()]);
    expect(told).toEqual([
      ['own', Buffer.from([0xfe])],
      ['waybill_dlt_topic', 'waybill.orders'],
      ['waybill_dlt_partition', '3'],
      ['waybill_dlt_offset', event.offset],
      ['waybill_dlt_timestamp', '1764000000123'],
      ['waybill_dlt_consumer', 'inventory'],
      ['waybill_dlt_attempts', '1'],
      ['waybill_dlt_error_class', 'Error'],
      ['waybill_dlt_reason', 'never'],
      ['waybill_dlt_at', expect.stringMatching(/^\d{4}-\d\d-\d\dT/) as string],
    ]);
  });
});

describe('a record that cannot be read', () => {
  it('of a newer version waits without using up attempts, and goes on after an upgrade, in order', async () => {
    const chunk = [record({ key: 'k' }), record({ key: 'k' }), record({ key: 'k' }), record({ key: 'other' })];
    const [first = '', newer = '', behind = '', other = ''] = ids(chunk);
    readings.set(newer, 'newer-version');
    expect(await consume(chunk)).toEqual(['done', 'parked', 'parked', 'done']);
    for (let round = 0; round < schedule.attemptsMax + 1; round++) {
      expect(await retry()).toEqual(['postponed']);
    }
    expect(await parked()).toEqual([
      [newer, 'waiting', 0],
      [behind, 'waiting', 0],
    ]);
    readings.clear();
    expect(await retry()).toEqual(['done', 'done']);
    const inOrder = await effects();
    expect(inOrder.filter((id) => id !== other)).toEqual([first, newer, behind]);
  });

  it('of a type that this version does not handle stays parked: another version of the consumer handles it', async () => {
    const chunk = [record({ key: 'k' }), record({ key: 'k' })];
    const [head = '', behind = ''] = ids(chunk);
    behaviour.set(head, failing);
    await consume(chunk);
    behaviour.clear();
    readings.set(head, 'ignored');
    for (let round = 0; round < schedule.attemptsMax + 1; round++) {
      expect(await retry()).toEqual(['postponed']);
    }
    expect(await parked()).toEqual([
      [head, 'waiting', 3],
      [behind, 'waiting', 0],
    ]);
    expect(await findParked(dataSource.manager, 'inventory', head)).toMatchObject({ errorClass: 'not-handled' });
    readings.clear();
    expect(await retry()).toEqual(['done', 'done']);
    expect(await effects()).toEqual([head, behind]);
  });

  it('breaks its schema: dead at once, and its key closed', async () => {
    const chunk = [record({ key: 'k' }), record({ key: 'k' })];
    readings.set(chunk[0]?.id ?? '', 'breaks-schema');
    expect(await consume(chunk)).toEqual(['dead', 'parked']);
    expect(await sent()).toEqual([chunk[0]?.id]);
    expect(transactions).toBe(1);
  });

  it('is no event: kept by its place and copied once, and it closes no key', async () => {
    const chunk = [record({ key: 'k' }), record({ key: 'k' })];
    const [poison] = chunk;
    readings.set(poison?.id ?? '', 'no-event');
    expect(await consume(chunk)).toEqual(['dead-lettered', 'done']);
    expect(await consume(chunk)).toEqual(['duplicate', 'duplicate']);
    expect(await listDeadRecords(dataSource.manager, { limit: 10 })).toEqual([
      {
        consumer: 'inventory',
        topic: 'waybill.orders',
        partition: 3,
        offset: poison?.offset,
        reason: 'header ce_id is \u2400 missing',
        at: expect.any(Date) as Date,
      },
    ]);
    expect(await sent()).toEqual([poison?.id]);
    expect(await keys()).toEqual([]);
  });

  it('is no event: another one in its place, after the topic was created anew, is kept, too', async () => {
    const [poison, another] = [record({ offset: '7' }), { ...record({ offset: '7' }), timestamp: '1764000000124' }];
    readings.set(poison.id, 'no-event').set(another.id, 'no-event');
    expect(await consume([poison, another])).toEqual(['dead-lettered', 'dead-lettered']);
    expect(await consume([poison, another])).toEqual(['duplicate', 'duplicate']);
    expect(await sent()).toEqual([poison.id, another.id]);
  });
});

describe('an operator', () => {
  async function deadKey() {
    const chunk = [record({ key: 'k' }), record({ key: 'k' })];
    const [dead = '', behind = ''] = ids(chunk);
    behaviour.set(dead, refusing);
    await consume(chunk);
    behaviour.clear();
    return { dead, behind };
  }
  const key = { consumer: 'inventory', topic: 'waybill.orders', key: 'k' };
  const source = '/waybill/orders';

  it('retries a dead event: it and what waits behind it happen in order', async () => {
    const { dead, behind } = await deadKey();
    expect(await dataSource.transaction((manager) => retryDead(manager, key, { who: 'ada' }))).toBe('retrying');
    expect(await retry()).toEqual(['done', 'done']);
    expect(await effects()).toEqual([dead, behind]);
    expect(await listAudit(dataSource.manager, 10)).toMatchObject([
      { who: 'ada', action: 'dead.retry', subject: { ...key, id: dead }, reason: null },
    ]);
    expect(await dataSource.transaction((manager) => retryDead(manager, key, { who: 'ada' }))).toBe('not-closed');
  });

  it('discards a dead event: what waits behind it goes on, and no replay brings the event back', async () => {
    const { dead, behind } = await deadKey();
    const event = { consumer: 'inventory', source, id: dead };
    const discarded = await dataSource.transaction((manager) => discard(manager, event, { who: 'ada', reason: 'a test order' }));
    expect(discarded).toBe('discarded');
    expect(await retry()).toEqual(['done']);
    expect(await effects()).toEqual([behind]);
    expect(await consume([record({ id: dead, key: 'k' })])).toEqual(['duplicate']);
    expect(await listHandled(dataSource.manager, { outcome: 'discarded', limit: 10 })).toMatchObject([{ id: dead, source }]);
    expect(await listAudit(dataSource.manager, 10)).toMatchObject([{ action: 'parked.discard', reason: 'a test order' }]);
    const again = await dataSource.transaction((manager) => discard(manager, event, { who: 'ada', reason: 'again' }));
    expect(again).toBe('not-parked');
  });

  it('opens the key by discarding the last of its events', async () => {
    const { dead, behind } = await deadKey();
    for (const id of [behind, dead]) {
      const event = { consumer: 'inventory', source, id };
      await dataSource.transaction((manager) => discard(manager, event, { who: 'ada', reason: 'a test order' }));
    }
    expect(await keys()).toEqual([]);
  });

  it.each([undefined, ' '])('discards nothing without a reason (%j)', async (reason) => {
    const { dead } = await deadKey();
    const refused = dataSource.transaction((manager) =>
      discard(manager, { consumer: 'inventory', source, id: dead }, { who: 'ada', reason }),
    );
    await expect(refused).rejects.toMatchObject({ code: 'MISSING_REASON' });
    expect(await parked()).toHaveLength(2);
  });

  it('lists what is parked, and sees one event as a whole', async () => {
    const { dead, behind } = await deadKey();
    const all = await listParked(dataSource.manager, { consumer: 'inventory', limit: 10 });
    expect(ids(all)).toEqual([dead, behind]);
    expect(ids(await listParked(dataSource.manager, { state: 'dead', key: 'k', limit: 10 }))).toEqual([dead]);
    expect(await listParked(dataSource.manager, { type: 'another', limit: 10 })).toEqual([]);
    expect(await findParked(dataSource.manager, 'inventory', dead)).toMatchObject({
      state: 'dead',
      error: 'never',
      payload: Buffer.from([0xff, 0x00, 0x7b]),
      headers: expect.arrayContaining([['bytes', Buffer.from([0xfe])]]) as unknown,
      recordTimestamp: new Date(1764000000123),
    });
    expect(await countParked(dataSource.manager, 'inventory')).toEqual({ closedKeys: 1, waitingEvents: 1, deadEvents: 1 });
  });
});

describe('questions to the inbox', () => {
  it('are answered by each filter, and by all of them at once', async () => {
    const chunk = [record(), record()];
    await consume(chunk);
    const [{ id = '', key: subject = '' } = {}, other] = chunk;
    const since = new Date(Date.now() - 60_000);
    for (const filter of [{ id }, { subject }, { id, subject, outcome: 'done', topic: 'waybill.orders', since } as const]) {
      expect(ids(await listHandled(dataSource.manager, { ...filter, limit: 10 }))).toEqual([id]);
    }
    expect(ids(await listHandled(dataSource.manager, { limit: 10 })).sort()).toEqual([id, other?.id].sort());
    expect(await listHandled(dataSource.manager, { subject, outcome: 'stale', limit: 10 })).toEqual([]);
  });

  it('about one order do not read all that was ever handled', async () => {
    await database.query(
      `INSERT INTO inbox (consumer, source, id, topic, partition, "offset", subject, sequence)
       SELECT 'inventory', '/waybill/orders', gen_random_uuid(), 'waybill.orders', 3, n, 'order' || n, 1
         FROM generate_series(1, 5000) n`,
    );
    await database.query('ANALYZE inbox');
    let asked = '';
    const asking = {
      query: async (sql: string) => {
        asked = sql;
        return [];
      },
    } as unknown as EntityManager;
    await listHandled(asking, { subject: 'order7', limit: 10 });
    // As it is planned when the values are not known.
    expect(JSON.stringify(await database.query(`EXPLAIN (GENERIC_PLAN) ${asked}`))).toContain('inbox_subject');
  });

  it('about no order in particular look at the newest events of each producer, and at no others', async () => {
    // The ids of a later minute are higher, as those of UUIDv7 are.
    await database.query(
      `INSERT INTO inbox (consumer, source, id, outcome, topic, partition, "offset", subject, sequence, processed_at)
       SELECT consumer, source, (lpad(to_hex(n), 8, '0') || '-0000-7000-8000-000000000000')::uuid,
              CASE WHEN n = 1 THEN 'stale' ELSE 'done' END, 't', 0, n, 's' || n, 1, now() + n * interval '1 minute'
         FROM unnest(ARRAY['inventory', 'shipping']) consumer, unnest(ARRAY['/a', '/b', '/c']) source, generate_series(1, 5000) n`,
    );
    await database.query('ANALYZE inbox');
    const newest = await listHandled(dataSource.manager, { limit: 7 });
    expect(newest.map(({ subject }) => subject)).toEqual([...Array<string>(6).fill('s5000'), 's4999']);
    expect(await listHandled(dataSource.manager, { outcome: 'stale', limit: 10, among: 4_999 })).toEqual([]);
    expect(await listHandled(dataSource.manager, { outcome: 'stale', limit: 10, among: 5_000 })).toHaveLength(6);
    let plan = '';
    const explaining = {
      query: async (sql: string, parameters: unknown[]) => {
        plan = JSON.stringify(await dataSource.query(`EXPLAIN ANALYZE ${sql}`, parameters));
        return [];
      },
    } as unknown as EntityManager;
    await listHandled(explaining, { limit: 7, among: 10 });
    expect(plan).not.toContain('Seq Scan');
    expect(plan).toContain('rows=10.00 loops=6');
  });
});

describe('on a bad day', () => {
  it('a chunk whose transaction deadlocks goes on one by one, and nothing is parked', async () => {
    const chunk = [record(), record()];
    let met = 0;
    let meet: () => void = () => undefined;
    const both = new Promise<void>((resolve) => {
      meet = resolve;
    });
    const crossing = (first: string, second: string): Effect => async (manager, event) => {
      await manager.query('UPDATE shared SET n = n + 1 WHERE name = $1', [first]);
      if (++met === 2) {
        meet();
      }
      await both;
      await manager.query('UPDATE shared SET n = n + 1 WHERE name = $1', [second]);
      await plain(manager, event);
    };
    behaviour.set(chunk[0]?.id ?? '', crossing('a', 'b'));
    behaviour.set(chunk[1]?.id ?? '', crossing('b', 'a'));
    // Two partitions at once.
    const done = await Promise.all(chunk.map((each) => consume([each])));
    expect(done).toEqual([['done'], ['done']]);
    expect(await database.query('SELECT n FROM shared')).toEqual([{ n: 2 }, { n: 2 }]);
    expect(await parked()).toEqual([]);
  });

  it('a connection cut at COMMIT leaves the answer to the dedup rows', async () => {
    const chunk = [record(), record()];
    const cut = consume(chunk, {
      transaction: async (run) => {
        await dataSource.transaction(run);
        throw Object.assign(new Error('the answer never came'), { code: 'COMMIT_UNKNOWN' });
      },
    });
    await expect(cut).rejects.toMatchObject({ code: 'COMMIT_UNKNOWN' });
    expect(await consume(chunk)).toEqual(['duplicate', 'duplicate']);
    expect((await effects()).sort()).toEqual(ids(chunk).sort());
    expect(await parked()).toEqual([]);
  });

  it('a Postgres that restarts in mid-chunk is nobody\'s fault: nothing is parked, the chunk comes again', async () => {
    const chunk = [record(), record(), record()];
    behaviour.set(chunk[1]?.id ?? '', async (manager, event) => {
      await plain(manager, event);
      await database.query(
        'SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = current_database() AND pid <> pg_backend_pid()',
      );
      await manager.query('SELECT 1');
    });
    await expect(consume(chunk)).rejects.toThrow();
    behaviour.clear();
    expect(await until(() => consume(chunk))).toEqual(['done', 'done', 'done']);
    expect((await effects()).sort()).toEqual(ids(chunk).sort());
    expect(await parked()).toEqual([]);
  });

  it('a consumer that is paused in mid-transaction while another takes its partition doubles nothing', async () => {
    const chunk = [record({ key: 'k' }), record({ key: 'k' })];
    let wake: () => void = () => undefined;
    let reached: () => void = () => undefined;
    const asleep = new Promise<void>((resolve) => {
      wake = resolve;
    });
    const paused = new Promise<void>((resolve) => {
      reached = resolve;
    });
    behaviour.set(chunk[0]?.id ?? '', async (manager, event) => {
      behaviour.clear();
      reached();
      await asleep;
      await plain(manager, event);
    });
    const zombie = consume(chunk);
    await paused;
    const successor = consume(chunk);
    // The successor waits for the dedup rows of the one that sleeps.
    await until(async () => (await database.query(`SELECT 1 FROM pg_stat_activity WHERE wait_event_type = 'Lock'`)).length > 0);
    wake();
    expect(await zombie).toEqual(['done', 'done']);
    expect(await successor).toEqual(['duplicate', 'duplicate']);
    expect(await effects()).toEqual(ids(chunk));
  });

  it('a consumer that sleeps too long loses its transaction, and its successor is not held up for ever', async () => {
    const event = record();
    const loser = await connect();
    let wake: () => void = () => undefined;
    const asleep = new Promise<void>((resolve) => {
      wake = resolve;
    });
    let pid = 0;
    behaviour.set(event.id, async (manager, received) => {
      behaviour.clear();
      pid = (await manager.query<{ pid: number }[]>('SELECT pg_backend_pid() AS pid'))[0]?.pid ?? 0;
      await asleep;
      await plain(manager, received);
    });
    const zombie = consume([event], { transaction: (run) => loser.transaction(run) });
    await until(() => pid !== 0);
    // What idle_in_transaction_session_timeout does after 5 s.
    await database.query('SELECT pg_terminate_backend($1)', [pid]);
    expect(await until(() => consume([event]))).toEqual(['done']);
    wake();
    await expect(zombie).rejects.toThrow();
    expect(await effects()).toEqual([event.id]);
    await loser.destroy();
  });

  it('a consumer that wakes too late parks nothing that its successor has done', async () => {
    const event = record({ key: 'k' });
    let failures = 0;
    behaviour.set(event.id, async () => {
      failures++;
      throw new Error('not today');
    });
    const outlived = await consume([event], {
      transaction: async (run) => {
        if (failures > schedule.inPlaceMax) {
          // Every attempt has failed; before this one parks the event, the successor is done with it.
          await remember(event);
        }
        return dataSource.transaction(run);
      },
    });
    expect(outlived).toEqual(['duplicate']);
    expect(await parked()).toEqual([]);
    expect(await keys()).toEqual([]);
  });

  it('a consumer that finds its event parked by its successor runs nothing past it', async () => {
    const chunk = [record({ key: 'k' }), record({ key: 'k' })];
    const [newer = '', behind = ''] = ids(chunk);
    readings.set(newer, 'newer-version');
    const zombie = consume(chunk, interrupted('INSERT INTO parked_keys', () => consume(chunk)));
    expect(await zombie).toEqual(['duplicate', 'duplicate']);
    expect(await effects()).toEqual([]);
    readings.clear();
    expect(await retry()).toEqual(['done', 'done']);
    expect(await effects()).toEqual([newer, behind]);
  });

  it('a consumer that closes a key while a worker drains it waits for the worker, and leaves nothing behind', async () => {
    const event = record({ key: 'k' });
    let reached: () => void = () => undefined;
    let open: () => void = () => undefined;
    const drained = new Promise<void>((resolve) => {
      reached = resolve;
    });
    const opening = new Promise<void>((resolve) => {
      open = resolve;
    });
    let turn: Promise<string> = Promise.resolve('none yet');
    readings.set(event.id, 'newer-version');
    const zombie = consume(
      [event],
      interrupted('INSERT INTO parked_keys', async () => {
        await consume([event]);
        readings.clear();
        await database.query('UPDATE parked_keys SET next_attempt_at = now()');
        // The worker has the key's lock and has taken the event out; next it opens the key.
        const draining = interrupted('WITH', async () => {
          reached();
          await opening;
        });
        turn = worker(draining).turn();
        await drained;
      }),
    );
    await until(async () => (await database.query(`SELECT 1 FROM pg_stat_activity WHERE wait_event_type = 'Lock'`)).length > 0);
    open();
    expect(await turn).toBe('done');
    expect(await zombie).toEqual(['duplicate']);
    expect(await effects()).toEqual([event.id]);
    expect(await parked()).toEqual([]);
    expect(await keys()).toEqual([]);
  });

  it('a topic that was created anew begins at offset 0 again, and the versions of an order still come in order', async () => {
    const chunk = [record({ key: 'k', offset: '100', version: '2' }), record({ key: 'k', offset: '2', version: '3' })];
    for (const { id } of chunk) {
      behaviour.set(id, failing);
    }
    for (const each of chunk) {
      await consume([each]);
    }
    behaviour.clear();
    expect(ids(await listParked(dataSource.manager, { limit: 10 }))).toEqual(ids(chunk));
    expect(await retry()).toEqual(['done', 'done']);
    expect(await effects()).toEqual(ids(chunk));
  });

  it.each(['retry', 'discard'])('a dead event that an earlier one comes before, read again after a loss: %s', async (what) => {
    const [lost, dead] = [record({ key: 'k', version: '2' }), record({ key: 'k', version: '3' })];
    behaviour.set(dead.id, refusing);
    await consume([dead]);
    expect(await consume([lost])).toEqual(['parked']);
    behaviour.clear();
    const event = { consumer: 'inventory', topic: 'waybill.orders', key: 'k', source: '/waybill/orders', id: dead.id };
    const answer = await dataSource.transaction<string>((manager) =>
      what === 'retry' ? retryDead(manager, event, { who: 'ada' }) : discard(manager, event, { who: 'ada', reason: 'a test' }),
    );
    expect(answer).toBe(what === 'retry' ? 'retrying' : 'discarded');
    await retry();
    expect(await effects()).toEqual(what === 'retry' ? [lost.id, dead.id] : [lost.id]);
    expect(await keys()).toEqual([]);
  });

  it('a dead event stays dead when the one before it is given up', async () => {
    const [lost, dead] = [record({ key: 'k', version: '2' }), record({ key: 'k', version: '3' })];
    behaviour.set(dead.id, refusing);
    await consume([dead]);
    await consume([lost]);
    const event = { consumer: 'inventory', source: '/waybill/orders', id: lost.id };
    await dataSource.transaction((manager) => discard(manager, event, { who: 'ada', reason: 'a test' }));
    expect(await retry()).toEqual([]);
    expect(await keys()).toMatchObject([{ key: 'k', state: 'dead' }]);
  });

  it('an event that was parked though it was done is dropped by the worker, and its key opens', async () => {
    const event = record({ key: 'k' });
    behaviour.set(event.id, failing);
    await consume([event]);
    behaviour.clear();
    await remember(event);
    expect(await retry()).toEqual(['dropped']);
    expect(await effects()).toEqual([]);
    expect(await keys()).toEqual([]);
  });

  it('two workers at once take different keys, and each event happens once and in order', async () => {
    const chunk = Array.from({ length: 30 }, (_, n) => record({ key: `k${n % 5}` }));
    for (const { id } of chunk) {
      behaviour.set(id, failing);
    }
    await consume(chunk);
    behaviour.clear();
    await database.query('UPDATE parked_keys SET next_attempt_at = now()');
    const workers = [worker(), worker(), worker()];
    for (const each of workers) {
      each.start();
    }
    await until(async () => (await keys()).length === 0);
    await Promise.all(workers.map((each) => each.stop()));
    const happened = await database.query<{ key: string; id: string }>('SELECT key, id FROM effects ORDER BY seq');
    expect(happened).toHaveLength(30);
    for (const key of new Set(chunk.map((each) => each.key))) {
      expect(happened.filter((row) => row.key === key).map(({ id }) => id)).toEqual(
        ids(chunk.filter((each) => each.key === key)),
      );
    }
  });

  it('a worker passes by a key that another one holds', async () => {
    const event = record({ key: 'k' });
    behaviour.set(event.id, failing);
    await consume([event]);
    behaviour.clear();
    await database.query('UPDATE parked_keys SET next_attempt_at = now()');
    await dataSource.transaction(async (manager) => {
      await manager.query('SELECT FROM parked_keys FOR UPDATE');
      expect(await worker().turn()).toBe('idle');
    });
    expect(await worker().turn()).toBe('done');
  });

  it('10,000 parked keys do not slow the others: a chunk stays one transaction, and no statement reads them all', async () => {
    await database.query(
      `INSERT INTO parked (consumer, source, id, topic, partition, "offset", key, type, subject, sequence, headers, record_timestamp)
       SELECT 'inventory', '/waybill/orders', gen_random_uuid(), 'waybill.orders', 3, -n, 'parked' || n, 't', 's', 1, '[]', now()
         FROM generate_series(1, 10000) n`,
    );
    await database.query(
      `INSERT INTO parked_keys (consumer, topic, key, next_attempt_at)
       SELECT 'inventory', 'waybill.orders', 'parked' || n, now() + interval '1 hour' FROM generate_series(1, 10000) n`,
    );
    await database.query('ANALYZE parked; ANALYZE parked_keys');
    expect(await countParked(dataSource.manager, 'inventory')).toEqual({ closedKeys: 1_000, waitingEvents: 1_000, deadEvents: 0 });
    const chunk = Array.from({ length: 100 }, (_, n) => record(n % 2 === 0 ? {} : { key: `parked${n}` }));
    const counted = await consume(chunk);
    expect(counted.filter((outcome) => outcome === 'done')).toHaveLength(50);
    expect(counted.filter((outcome) => outcome === 'parked')).toHaveLength(50);
    expect(transactions).toBe(1);
    expect(await worker().turn()).toBe('idle');
    // Neither the consumer's question nor the worker's looks at more than the keys that it asks for.
    const plans = await database.query<{ plan: string }>(
      `EXPLAIN SELECT key FROM parked_keys WHERE consumer = 'inventory' AND topic = 'waybill.orders' AND key = ANY('{a,b}') FOR UPDATE`,
    );
    expect(JSON.stringify(plans)).not.toContain('Seq Scan');
    const due = await database.query(
      `EXPLAIN SELECT topic, key FROM parked_keys WHERE consumer = 'inventory' AND state = 'retrying' AND next_attempt_at <= now()
        ORDER BY next_attempt_at LIMIT 1 FOR UPDATE SKIP LOCKED`,
    );
    expect(JSON.stringify(due)).toContain('parked_keys_due');
  });
});

describe('mistakes that others made', () => {
  it('a dedup row that commits though the handler failed', async () => {
    const event = record();
    behaviour.set(event.id, failing);
    await consume([event]);
    expect(await database.query('SELECT 1 FROM inbox')).toEqual([]);
  });

  it('an inbox key shared between consumers loses messages', async () => {
    const event = record();
    await consume([event]);
    expect(await consume([event], { consumer: 'shipping' })).toEqual(['done']);
    expect(await effects()).toEqual([event.id, event.id]);
  });

  it('order lost with retry topics: a retried event still comes before its successors', async () => {
    const chunk = Array.from({ length: 6 }, () => record({ key: 'k' }));
    behaviour.set(chunk[1]?.id ?? '', failing);
    await consume(chunk.slice(0, 3));
    await retry();
    await consume(chunk.slice(3));
    behaviour.clear();
    await retry();
    expect(await effects()).toEqual(ids(chunk));
  });

  it('a retry queue without a bound: what is parked lies in the database, and a worker holds one event', async () => {
    const chunk = Array.from({ length: 50 }, () => record({ key: 'k' }));
    behaviour.set(chunk[0]?.id ?? '', failing);
    await consume(chunk);
    behaviour.clear();
    await database.query('UPDATE parked_keys SET next_attempt_at = now()');
    started = [];
    await worker().turn();
    expect(started).toEqual([chunk[0]?.id]);
    expect(await parked()).toHaveLength(49);
  });

  it('retry headers pile up hop by hop', async () => {
    const event = record();
    behaviour.set(event.id, refusing);
    await consume([event]);
    const headers = Object.fromEntries(letters[0]?.headers ?? []);
    const back = { ...record({ id: randomUUID() }), rawHeaders: headers };
    behaviour.set(back.id, refusing);
    await consume([back]);
    const names = letters[1]?.headers.map(([name]) => name) ?? [];
    expect(names).toHaveLength(new Set(names).size);
    expect(new Set(names)).toEqual(new Set(letters[0]?.headers.map(([name]) => name)));
  });

  it('catching a unique violation in the inbox aborts the outer transaction', async () => {
    const [old, fresh] = [record(), record()];
    await consume([old]);
    expect(await consume([old, fresh])).toEqual(['duplicate', 'done']);
    expect(transactions).toBe(2);
  });

  it('messages lost on revoke or close: a chunk is finished when its effects are committed, not when they were started', async () => {
    const chunk = [record(), record()];
    let finished = false;
    let go: () => void = () => undefined;
    const held = new Promise<void>((resolve) => {
      go = resolve;
    });
    behaviour.set(chunk[1]?.id ?? '', async (manager, event) => {
      await held;
      await plain(manager, event);
    });
    const handled = consume(chunk).then((counted) => {
      finished = true;
      return counted;
    });
    await until(() => started.length === 2);
    expect(finished).toBe(false);
    go();
    expect(await handled).toEqual(['done', 'done']);
    expect(await effects()).toHaveLength(2);
  });

  it('a swallowed error: a handler that catches what failed in its transaction is not done', async () => {
    const [careless, other] = [record({ key: 'a' }), record({ key: 'b' })];
    behaviour.set(careless.id, async (manager) => {
      await manager.query('SELECT 1 / 0').catch(() => undefined);
    });
    expect(await consume([careless, other])).toEqual(['parked', 'done']);
    expect(await effects()).toEqual([other.id]);
  });
});
