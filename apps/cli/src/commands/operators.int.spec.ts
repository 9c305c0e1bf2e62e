import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { ConfigError } from '@waybill/config';
import { readEnvelope, type ReceivedEvent, toHeaders } from '@waybill/contracts';
import { createDataSource, transaction } from '@waybill/database';
import {
  IdempotentConsumer,
  type InboxRecord,
  inboxTables,
  markReplayed,
  parkingTables,
  refuseReplay,
  replayTables,
  requestReplay,
  retrySchedule,
} from '@waybill/inbox';
import { Outbox, outboxArchiveTables, outboxTables } from '@waybill/outbox';
import { createTestDatabase, type TestDatabase } from '@waybill/testing';
import type { DataSource } from 'typeorm';
import { afterEach, beforeEach, describe, expect, inject, it } from 'vitest';
import { runCommand } from '../command.js';
import { RefusedError, UnavailableError } from '../command-errors.js';
import { commands } from '../command-table.js';

const traceparent = '00-d948ff4c536ddda23af2858a075dcf73-00f067aa0ba902b7-01';
const ids = ['a', 'b', 'c', 'd'].map((digit) => `01937fd1-7f5a-7c3e-8a55-00000000000${digit}`);
const orders = ['1', '2', '3'].map((digit) => `01937fd1-0000-7000-8000-00000000000${digit}`);
const [poison, behind, failing, handled] = ids as [string, string, string, string];
const [dying, trying, fine] = orders as [string, string, string];

let home: string;
let database: TestDatabase;
let dataSource: DataSource;
let printed: string[];
let said: string[];
/** Variables beside those of inventory's database. */
let more: NodeJS.ProcessEnv;

beforeEach(async () => {
  more = {};
  home = mkdtempSync(join(tmpdir(), 'waybill-operators-'));
  database = await createTestDatabase(
    inject('postgresAdminUrl'),
    [outboxTables, outboxArchiveTables, inboxTables, parkingTables, replayTables].flat(),
  );
  dataSource = await createDataSource({ url: database.url, applicationName: 'spec' }).initialize();
  printed = [];
  said = [];
});

afterEach(async () => {
  await dataSource.destroy();
  await database.drop();
  rmSync(home, { recursive: true, force: true });
});

/** Runs a command line as main does; its exit code, and what it printed as JSON where that was asked for. */
async function waybill(...args: string[]): Promise<{ exitCode: number; text: string; json: never }> {
  printed = [];
  said = [];
  const exitCode = await runCommand(
    commands,
    args,
    {
      env: { WAYBILL_HOME: home, WAYBILL_INVENTORY_DATABASE_URL: database.url, ...more },
      print: (line) => printed.push(line),
      say: (line) => said.push(line),
      colour: false,
    },
    '',
  );
  const text = printed.join('\n');
  return { exitCode, text, json: (args.includes('--json') ? JSON.parse(text) : undefined) as never };
}

class Poison extends Error {
  override readonly name = 'PoisonError';
  readonly retriable = false;
}

/** Lets the consumer meet: a poison event and one behind it, one that fails for now, one that is fine, and rubbish. */
async function consume(): Promise<void> {
  const consumer = new IdempotentConsumer({
    consumer: 'inventory',
    transaction: (run) => transaction(dataSource, run),
    subscription: {
      read: (record) => {
        const read = readEnvelope(record.headers, record.key);
        const { topic, partition, offset } = record;
        return read.kind === 'no-event'
          ? { kind: 'no-event', type: 'unknown', problem: read.problem }
          : { kind: 'event', event: { ...read.envelope, topic, partition, offset, data: {} } as ReceivedEvent };
      },
      effect: async (_manager, event) => {
        if (event.id === poison) {
          throw new Poison('the shelf is on fire');
        }
        if (event.id === failing) {
          throw new Error('the shelf is busy');
        }
      },
    },
    sendDeadLetter: async () => undefined,
    schedule: { ...retrySchedule, inPlaceMax: 1, backoffMs: 3_600_000, backoffMaxMs: 3_600_000 },
    around: (_record, run) => run(),
    counted: () => undefined,
    log: { info: () => undefined, warn: () => undefined, error: () => undefined },
  });
  await consumer.handle([
    record(10, poison, dying, 1),
    record(11, behind, dying, 2),
    record(12, failing, trying, 1),
    record(13, handled, fine, 1),
    { ...record(14, handled, fine, 1), headers: {}, rawHeaders: {} },
  ]);
}

function record(offset: number, id: string, order: string, version: number): InboxRecord {
  const headers = toHeaders({
    id,
    source: '/waybill/orders',
    type: 'waybill.order.placed.v1',
    subject: order,
    time: '2026-11-24T03:00:00.000000Z',
    version,
    partitionKey: order,
    correlationId: order,
    traceparent,
  });
  const value = Buffer.from('{"lines":[{"sku":"BOOK-1"}]}');
  const place = { topic: 'waybill.orders', partition: 4, offset: String(offset) };
  return { ...place, key: order, value, headers, rawHeaders: headers, timestamp: '1764000000000' };
}

const rows = (query: string): Promise<Record<string, unknown>[]> => database.query(query);
const audited = () => rows('SELECT who, action, subject, reason FROM audit ORDER BY id');

describe('dead', () => {
  beforeEach(consume);

  it('ls lists what was given up, and nothing else', async () => {
    const { json, exitCode } = await waybill('dead', 'ls', '--json');
    expect(exitCode).toBe(0);
    expect(json).toEqual([expect.objectContaining({ id: poison, key: dying, state: 'dead', errorClass: 'PoisonError', offset: '10' })]);
    const { text } = await waybill('dead', 'ls');
    expect(text).toContain('PoisonError: the shelf is on fire');
    expect(text).toContain('waybill.orders/4/10');
  });

  it.each([
    ['--topic', 'waybill.orders', 1],
    ['--topic', 'waybill.shipping', 0],
    ['--key', dying, 1],
    ['--key', trying, 0],
    ['--type', 'waybill.order.placed.v1', 1],
    ['--type', 'waybill.order.cancelled.v1', 0],
    ['--error', 'PoisonError', 1],
    ['--error', 'Error', 0],
    ['--since', '5m', 1],
    ['--since', '2030-01-01', 0],
    ['--consumer', 'inventory', 1],
  ])('ls %s %s filters', async (option, value, count) => {
    expect((await waybill('dead', 'ls', option, value, '--json')).json).toHaveLength(count);
  });

  it('ls --records lists what was no event, and where its bytes are', async () => {
    expect((await waybill('dead', 'ls', '--records', '--json')).json).toEqual([
      expect.objectContaining({ offset: '14', deadLetterTopic: 'waybill.orders.inventory.dlt', reason: expect.stringContaining('ce_id') as string }),
    ]);
    expect((await waybill('dead', 'ls', '--records', '--key', dying)).exitCode).toBe(64);
    expect(said.join()).toContain('--records knows no filter but --consumer and --limit; got --key.');
  });

  it('show has payload, headers, error, position and trace', async () => {
    const { text } = await waybill('dead', 'show', poison);
    for (const part of ['"sku": "BOOK-1"', 'ce_sequence', 'the shelf is on fire', '10', 'd948ff4c536ddda23af2858a075dcf73']) {
      expect(text).toContain(part);
    }
    expect((await waybill('dead', 'show', poison, '--json')).json).toMatchObject({
      payload: '{"lines":[{"sku":"BOOK-1"}]}',
      headers: expect.arrayContaining([['ce_subject', dying]]) as unknown,
      trace: { id: 'd948ff4c536ddda23af2858a075dcf73' },
    });
    await expect(waybill('dead', 'show', failing)).rejects.toThrow(`There is no dead event with the id ${failing}.`);
  });

  it('retry lets it be tried again at once, and writes down who wanted it', async () => {
    const retried = await waybill('dead', 'retry', poison, '--as', 'anna', '--reason', 'the shelf is mended');
    expect(retried).toMatchObject({ exitCode: 0, text: '  1 dead event is tried again.' });
    expect(said.join()).toMatch(/dead\.retry in inventory at [\w.]+:\d+\/test_\w+/);
    expect(said.join()).not.toContain(new URL(database.url).username + ':');
    expect(await rows(`SELECT state, attempts FROM parked WHERE id = '${poison}'`)).toEqual([{ state: 'waiting', attempts: 0 }]);
    expect(await rows(`SELECT state, next_attempt_at <= now() AS due FROM parked_keys WHERE key = '${dying}'`)).toEqual([
      { state: 'retrying', due: true },
    ]);
    expect(await audited()).toMatchObject([
      { who: 'anna', action: 'dead.retry', subject: { id: poison, key: dying }, reason: 'the shelf is mended' },
    ]);
    await expect(waybill('dead', 'retry', poison)).rejects.toThrow(RefusedError);
  });

  it('retry --dry-run changes nothing', async () => {
    const { text } = await waybill('dead', 'retry', '--all', '--dry-run');
    expect(text).toContain('dead.retry would be done to 1 dead event. Nothing was changed');
    expect(await rows(`SELECT state FROM parked WHERE id = '${poison}'`)).toEqual([{ state: 'dead' }]);
    expect(await audited()).toEqual([]);
  });

  it('discard needs a reason, and then frees the key; no replay brings the event back', async () => {
    expect((await waybill('dead', 'discard', poison)).exitCode).toBe(64);
    expect(await audited()).toEqual([]);
    expect((await waybill('dead', 'discard', poison, '--reason', 'a test order', '--as', 'anna')).exitCode).toBe(0);
    expect(await rows(`SELECT outcome FROM inbox WHERE id = '${poison}'`)).toEqual([{ outcome: 'discarded' }]);
    expect(await rows(`SELECT id FROM parked WHERE key = '${dying}'`)).toEqual([{ id: behind }]);
    expect(await rows(`SELECT state FROM parked_keys WHERE key = '${dying}'`)).toEqual([{ state: 'retrying' }]);
    expect(await audited()).toMatchObject([{ who: 'anna', reason: 'a test order', subject: { id: poison } }]);
  });

  it('discard by id takes one that only waits, too: its type may be one that no version handles any more', async () => {
    expect((await waybill('dead', 'discard', failing, '--reason', 'nobody ships by pigeon now')).exitCode).toBe(0);
    expect(await rows(`SELECT outcome FROM inbox WHERE id = '${failing}'`)).toEqual([{ outcome: 'discarded' }]);
    expect(await rows(`SELECT 1 FROM parked_keys WHERE key = '${trying}'`)).toEqual([]);
    expect(await audited()).toMatchObject([{ action: 'parked.discard', reason: 'nobody ships by pigeon now' }]);
  });

  it('a change by filter needs one, or --all', async () => {
    expect((await waybill('dead', 'retry')).exitCode).toBe(64);
    expect((await waybill('dead', 'discard', '--reason', 'x')).exitCode).toBe(64);
    expect((await waybill('dead', 'retry', '--error', 'PoisonError', '--rate', '100', '--limit', '5', '--json')).json).toEqual({
      action: 'dead.retry',
      dryRun: false,
      matched: 1,
      changed: 1,
      gone: 0,
      left: 0,
    });
  });
});

describe('parked', () => {
  beforeEach(consume);

  it('ls tells what is tried again, and what only waits behind', async () => {
    const { json } = await waybill('parked', 'ls', '--json');
    expect(json).toEqual([
      expect.objectContaining({ id: behind, nextAttemptAt: null }),
      expect.objectContaining({ id: failing, errorClass: 'Error', attempts: 1 }),
    ]);
    const { text } = await waybill('parked', 'ls');
    expect(text).toContain('behind a dead one');
    expect((await waybill('parked', 'ls', '--limit', '1')).text).toContain('There are more');
  });

  it('show shows one, and no dead one', async () => {
    expect((await waybill('parked', 'show', failing)).text).toContain('the shelf is busy');
    await expect(waybill('parked', 'show', poison)).rejects.toThrow('There is no parked event');
  });

  it('retry moves the next attempt of its key to now', async () => {
    const retried = await waybill('parked', 'retry', failing, '--as', 'anna', '--reason', 'it is urgent');
    expect(retried.text).toBe('  1 key is tried now.');
    expect(await rows(`SELECT next_attempt_at <= now() AS due FROM parked_keys WHERE key = '${trying}'`)).toEqual([{ due: true }]);
    expect(await audited()).toMatchObject([
      { who: 'anna', action: 'parked.retry', subject: { key: trying }, reason: 'it is urgent' },
    ]);
  });

  it('retry does nothing for a key that is closed by a dead event', async () => {
    const retried = await waybill('parked', 'retry', behind);
    expect(retried).toMatchObject({ exitCode: 1, text: '  0 keys are tried now. 1 key had changed meanwhile and stayed as it was.' });
    expect(await audited()).toEqual([]);
  });
});

describe('inbox', () => {
  beforeEach(consume);

  it('ls lists what was handled, by topic, subject and outcome', async () => {
    expect((await waybill('inbox', 'ls', '--json')).json).toEqual([expect.objectContaining({ id: handled, outcome: 'done' })]);
    expect((await waybill('inbox', 'ls', '--subject', dying, '--json')).json).toEqual([]);
    expect((await waybill('inbox', 'ls', '--outcome', 'discarded', '--json')).json).toEqual([]);
    expect((await waybill('inbox', 'ls', '--topic', 'waybill.orders', '--since', '1h', '--json')).json).toHaveLength(1);
    expect((await waybill('inbox', 'ls', '--topic', 'waybill.shipping', '--json')).json).toEqual([]);
    expect((await waybill('inbox', 'ls', '--since', '2030-01-01', '--json')).json).toEqual([]);
  });

  it('ls without --subject looks among the newest, and says so where nothing matches', async () => {
    const { text } = await waybill('inbox', 'ls', '--outcome', 'discarded', '--among', '500');
    expect(text).toContain('among the newest 500 events of each producer: raise --among');
    expect((await waybill('inbox', 'ls', '--outcome', 'discarded', '--subject', dying)).text).toBe('  Nothing was handled that matches.');
    await dataSource.query(`INSERT INTO inbox (consumer, source, id, topic, partition, "offset", subject, sequence, processed_at)
      SELECT consumer, source, 'ffffffff-ffff-7fff-8000-000000000000', topic, partition, 9, 'newer', 1, now() FROM inbox`);
    const among = async (n: string) => (await waybill('inbox', 'ls', '--among', n, '--json')).json as unknown[];
    expect(await among('1')).toEqual([expect.objectContaining({ subject: 'newer' })]);
    expect(await among('2')).toHaveLength(2);
  });

  it('show says who has handled an event, and 1 when nobody has', async () => {
    expect(await waybill('inbox', 'show', handled)).toMatchObject({ exitCode: 0, text: expect.stringContaining('done') as string });
    expect((await waybill('inbox', 'show', poison)).exitCode).toBe(1);
  });
});

describe('outbox', () => {
  const reserved = { orderId: dying, lines: [{ sku: 'BOOK-1', quantity: 1 }] };

  async function append(version: number): Promise<string> {
    await transaction(dataSource, (manager) =>
      new Outbox('inventory').append(manager, {
        type: 'waybill.stock.reserved.v1',
        aggregateId: dying,
        version,
        orderId: dying,
        data: reserved,
        correlationId: dying,
      }),
    );
    const [row] = await database.query<{ id: string }>('SELECT id FROM outbox WHERE version = $1', [version]);
    return row?.id ?? '';
  }

  /** As the relay leaves a row that Kafka refuses. */
  async function hold(id: string): Promise<void> {
    await database.query(`UPDATE outbox SET held = true, attempts = 1, error = 'too large' WHERE id = $1`, [id]);
  }

  it('ls tells what is held, and what waits behind it', async () => {
    const first = await append(1);
    await append(2);
    await hold(first);
    expect((await waybill('outbox', 'ls', '--json')).json).toMatchObject([
      { service: 'inventory', id: first, state: 'held', error: 'too large' },
      { state: 'behind' },
    ]);
    expect((await waybill('outbox', 'ls', '--held', '--json')).json).toHaveLength(1);
    expect((await waybill('outbox', 'ls', '--aggregate', trying, '--json')).json).toEqual([]);
    expect((await waybill('outbox', 'ls', '--type', 'waybill.stock.reserved.v1')).text).toContain('too large');
  });

  it('show shows the payload', async () => {
    const id = await append(1);
    expect((await waybill('outbox', 'show', id)).text).toContain('"sku": "BOOK-1"');
    await expect(waybill('outbox', 'show', poison)).rejects.toThrow(RefusedError);
  });

  it('retry lets the relay try a held one again, and no other', async () => {
    const id = await append(1);
    await expect(waybill('outbox', 'retry', id)).rejects.toThrow('There is no held row');
    await hold(id);
    expect((await waybill('outbox', 'retry', id, '--as', 'anna', '--reason', 'the limit was raised')).exitCode).toBe(0);
    expect(await rows('SELECT held, attempts, error FROM outbox')).toEqual([{ held: false, attempts: 0, error: null }]);
    expect(await audited()).toMatchObject([{ who: 'anna', action: 'outbox.retry', subject: { id, version: '1' }, reason: 'the limit was raised' }]);
  });

  it('discard deletes held ones with a reason, and leaves the others', async () => {
    const id = await append(1);
    await append(2);
    await hold(id);
    expect((await waybill('outbox', 'discard', '--all')).exitCode).toBe(64);
    expect((await waybill('outbox', 'discard', '--aggregate', dying, '--reason', 'never fits')).exitCode).toBe(0);
    expect(await rows('SELECT version FROM outbox')).toEqual([{ version: '2' }]);
    expect(await audited()).toMatchObject([{ action: 'outbox.discard', reason: 'never fits' }]);
  });

  const archive = `WITH sent AS (DELETE FROM outbox RETURNING *) INSERT INTO outbox_archive (seq, id, shard, topic, aggregatetype,
      aggregateid, version, type, payload, occurred_at, partitionkey, correlationid)
    SELECT seq, id, shard, topic, aggregatetype, aggregateid, version, type, payload, occurred_at, partitionkey, correlationid FROM sent`;

  it('republish puts what was sent back, and writes it down', async () => {
    await append(1);
    await append(2);
    await database.query(archive);
    const republish = ['outbox', 'republish', '--service', 'inventory', '--since', '1h'];
    expect((await waybill(...republish, '--dry-run', '--json')).json).toMatchObject({ events: 2, dryRun: true });
    expect(await rows('SELECT 1 FROM outbox')).toHaveLength(0);
    expect((await waybill(...republish, '--aggregate', trying, '--json')).json).toMatchObject({ events: 0 });
    expect((await waybill(...republish, '--as', 'anna', '--reason', 'a lost topic')).text).toContain('2 events of inventory will be sent again.');
    expect(said.join()).toContain('outbox.republish in inventory at ');
    expect(await rows('SELECT 1 FROM outbox')).toHaveLength(2);
    expect(await audited()).toMatchObject([{ who: 'anna', action: 'outbox.republish', subject: { events: 2 }, reason: 'a lost topic' }]);
  });

  it('republish is refused when the archive is off', async () => {
    await append(1);
    await expect(waybill('outbox', 'republish', '--service', 'inventory', '--since', '1h')).rejects.toThrow('OUTBOX_ARCHIVE_DAYS');
    expect(await audited()).toEqual([]);
  });
});

describe('audit', () => {
  it('ls lists who has changed what, when and why, the newest first', async () => {
    await consume();
    await waybill('parked', 'retry', failing, '--as', 'bert');
    await waybill('dead', 'discard', poison, '--reason', 'a test order', '--as', 'anna');
    expect((await waybill('audit', 'ls', '--json')).json).toMatchObject([
      { service: 'inventory', who: 'anna', reason: 'a test order' },
      { who: 'bert', action: 'parked.retry' },
    ]);
    expect((await waybill('audit', 'ls', '--who', 'bert', '--since', '1h', '--json')).json).toHaveLength(1);
    expect((await waybill('audit', 'ls', '--action', 'dead.retry', '--json')).json).toEqual([]);
    expect((await waybill('audit', 'ls', '--since', '2030-01-01', '--json')).json).toEqual([]);
    expect((await waybill('audit', 'ls')).text).toContain('a test order');
  });
});

describe('replay', () => {
  const wish = { consumer: 'inventory', topic: 'waybill.orders', fromOffset: '0', positions: { 0: '0', 3: '7' } };

  it('ls tells how far each is, and does not need Kafka for it', async () => {
    const request = () => transaction(dataSource, (manager) => requestReplay(manager, wish, { who: 'anna' }));
    const first = await request();
    const second = await request();
    const third = await request();
    await transaction(dataSource, (manager) => markReplayed(manager, first, [0, 3]));
    await transaction(dataSource, (manager) => markReplayed(manager, second, [3]));
    await transaction(dataSource, (manager) => refuseReplay(manager, third, 'too far back'));
    const { text } = await waybill('replay', 'ls');
    expect(text).toContain('begun in 2 partitions');
    expect(text).toContain('begun in 1 of 2 partitions');
    expect(text).toContain('refused: too far back');
    expect(await audited()).toHaveLength(3);
  });

  it('is refused where the consumer does not read the topic, or no beginning is named', async () => {
    expect((await waybill('replay', 'inventory', '--topic', 'waybill.inventory', '--from-offset', '0')).exitCode).toBe(64);
    expect((await waybill('replay', 'inventory', '--topic', 'waybill.orders')).exitCode).toBe(64);
    await expect(waybill('replay', 'inventory', '--topic', 'waybill.orders', '--from-offset', '0')).rejects.toThrow(
      'WAYBILL_KAFKA_BROKERS  should be set',
    );
    expect(await rows('SELECT 1 FROM replay_requests')).toEqual([]);
  });
});

describe('lists of several databases are in the order of time before they are cut', () => {
  let other: TestDatabase;

  beforeEach(async () => {
    other = await createTestDatabase(inject('postgresAdminUrl'), [outboxTables, inboxTables, parkingTables, replayTables].flat());
    more = { WAYBILL_SHIPPING_DATABASE_URL: other.url };
  });

  afterEach(() => other.drop());

  it('replay ls: the newest first', async () => {
    const insert = `INSERT INTO replay_requests (consumer, topic, from_offset, positions, requested_by, requested_at)
      VALUES ($1, 'waybill.orders', 0, '{}', 'anna', $2)`;
    await database.query(insert, ['inventory', '2026-11-24T03:00:00Z']);
    await other.query(insert, ['shipping', '2026-11-24T04:00:00Z']);
    expect((await waybill('replay', 'ls', '--limit', '1', '--json')).json).toMatchObject([{ consumer: 'shipping' }]);
  });

  it('dead ls --records: the newest first', async () => {
    const insert = `INSERT INTO dead_records (consumer, topic, partition, "offset", record_timestamp, reason, at) VALUES ($1, 'waybill.orders', 0, 7, $2, 'rubbish', $2)`;
    await database.query(insert, ['inventory', '2026-11-24T03:00:00Z']);
    await other.query(insert, ['shipping', '2026-11-24T04:00:00Z']);
    expect((await waybill('dead', 'ls', '--records', '--limit', '1', '--json')).json).toMatchObject([
      { consumer: 'shipping', deadLetterTopic: 'waybill.orders.shipping.dlt' },
    ]);
  });

  it('outbox ls: the oldest first', async () => {
    const insert = `INSERT INTO outbox (id, shard, topic, aggregatetype, aggregateid, version, type, payload, occurred_at, partitionkey, correlationid)
      VALUES ($1::text::uuid, 0, 'waybill.inventory', 'stock', $1, 1, 'waybill.stock.reserved.v1', '{}', $2, $1, $1)`;
    await database.query(insert, [handled, '2026-11-24T04:00:00Z']);
    await other.query(insert, [failing, '2026-11-24T03:00:00Z']);
    expect((await waybill('outbox', 'ls', '--limit', '1', '--json')).json).toMatchObject([{ service: 'shipping', id: failing }]);
  });
});

describe('a database', () => {
  it('that cannot be reached is named without its password', async () => {
    const url = new URL(database.url);
    url.password = 'hunter2';
    url.port = '1';
    const run = runCommand(
      commands,
      ['dead', 'ls'],
      {
        env: { WAYBILL_HOME: home, WAYBILL_INVENTORY_DATABASE_URL: url.toString() },
        print: () => undefined,
        say: () => undefined,
        colour: false,
      },
      '',
    );
    await expect(run).rejects.toThrow(/The database of inventory at .*:1\/test_\w+ cannot be reached: .*ECONNREFUSED/);
    await expect(run).rejects.not.toThrow('hunter2');
    await expect(run).rejects.toBeInstanceOf(UnavailableError);
  });

  it('that nothing names is a missing setting', async () => {
    await expect(waybill('dead', 'retry', '--consumer', 'orders')).rejects.toThrow(ConfigError);
  });

  it('of an older version is told to be migrated', async () => {
    await database.query('DROP TABLE replay_requests');
    await expect(waybill('replay', 'ls')).rejects.toThrow('Migrate it: node apps/inventory/dist/migrate.js');
  });
});
