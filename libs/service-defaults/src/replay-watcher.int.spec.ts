import { createDataSource, transaction } from '@waybill/database';
import { findReplay, inboxTables, parkingTables, replayTables, requestReplay } from '@waybill/inbox';
import type { PartitionLag, PartitionPosition, TopicPartition } from '@waybill/kafka';
import { createTestDatabase, type TestDatabase } from '@waybill/testing';
import type { DataSource } from 'typeorm';
import { afterEach, beforeEach, expect, inject, it } from 'vitest';
import { ReplayWatcher, type ReplayWatcherOptions } from './replay-watcher.js';

const DAY_MS = 24 * 60 * 60 * 1_000;
const topic = 'waybill.orders';
const quiet = { debug: () => undefined, info: () => undefined, warn: () => undefined, error: () => undefined };

let database: TestDatabase;
let dataSource: DataSource;
let sought: PartitionPosition[];

beforeEach(async () => {
  database = await createTestDatabase(inject('postgresAdminUrl'), [...inboxTables, ...parkingTables, ...replayTables]);
  dataSource = await createDataSource({ url: database.url, applicationName: 'spec' }).initialize();
  sought = [];
});

afterEach(async () => {
  await dataSource.destroy();
  await database.drop();
});

/** An instance that owns these partitions of the topic. */
function instance(owned: readonly number[], options: Partial<ReplayWatcherOptions> = {}): ReplayWatcher {
  return new ReplayWatcher({
    consumer: 'inventory',
    transaction: (run) => transaction(dataSource, run),
    assignment: () => owned.map((partition) => ({ topic, partition })),
    seek: async (positions) => {
      sought.push(...positions);
      return positions;
    },
    lagOf: async () => committedAt('1000'),
    offsetsFor: async () => new Map(),
    retentionMs: 30 * DAY_MS,
    log: quiet,
    ...options,
  });
}

/** The consumer has handled what comes before this offset, in each partition. */
function committedAt(committed: string): PartitionLag[] {
  return [0, 1, 2, 3].map((partition) => ({ topic, partition, committed, end: '1000', lag: 0 }));
}

async function ask(positions: Record<string, string>, of = topic): Promise<string> {
  return transaction(dataSource, (manager) =>
    requestReplay(manager, { consumer: 'inventory', topic: of, fromOffset: '0', positions }, { who: 'anna' }),
  );
}

const request = (id: string) => transaction(dataSource, (manager) => findReplay(manager, id));

it('each instance moves what it owns, and the last one finishes the request', async () => {
  const id = await ask({ 0: '5', 1: '6', 2: '7' });
  await instance([0, 2]).turn();
  expect(sought).toEqual([
    { topic, partition: 0, offset: '5' },
    { topic, partition: 2, offset: '7' },
  ]);
  expect(await request(id)).toMatchObject({ finishedAt: null, done: { 0: expect.any(String) as string, 2: expect.any(String) as string } });
  await instance([1, 3]).turn();
  expect(sought.at(-1)).toEqual({ topic, partition: 1, offset: '6' });
  expect((await request(id))?.finishedAt).toBeInstanceOf(Date);
});

it('a partition is moved once, whoever owns it later', async () => {
  await ask({ 0: '5', 1: '6' });
  await instance([0]).turn();
  await instance([0]).turn();
  expect(sought).toHaveLength(1);
});

it('a partition that was lost before it could be moved is left to its next owner', async () => {
  const id = await ask({ 0: '5' });
  const losing = (): Promise<readonly TopicPartition[]> => Promise.resolve([]);
  await instance([0], { seek: losing }).turn();
  expect(await request(id)).toMatchObject({ finishedAt: null, done: {} });
  await instance([0]).turn();
  expect((await request(id))?.finishedAt).toBeInstanceOf(Date);
});

it('a move that was not written down happens again, so that a crash forgets none', async () => {
  const id = await ask({ 0: '5' });
  const crashing = instance([0], {
    seek: async () => {
      throw new Error('killed');
    },
  });
  await expect(crashing.turn()).rejects.toThrow('killed');
  await instance([0]).turn();
  expect((await request(id))?.finishedAt).toBeInstanceOf(Date);
});

it('two requests begin at the earlier one, in whatever order they were asked for', async () => {
  let place = '1000';
  const watcher = instance([0], {
    lagOf: async () => committedAt(place),
    seek: async (positions) => {
      place = positions[0]?.offset ?? place;
      return positions;
    },
  });
  const early = await ask({ 0: '5' });
  const late = await ask({ 0: '50' });
  await watcher.turn();
  expect(place).toBe('5');
  expect((await request(early))?.finishedAt).toBeInstanceOf(Date);
  expect((await request(late))?.finishedAt).toBeInstanceOf(Date);
  // The consumer has not come so far as where this one begins.
  place = '20';
  const ahead = await ask({ 0: '60' });
  await watcher.turn();
  expect(place).toBe('20');
  expect((await request(ahead))?.finishedAt).toBeInstanceOf(Date);
  const back = await ask({ 0: '10' });
  await watcher.turn();
  expect(place).toBe('10');
  expect((await request(back))?.finishedAt).toBeInstanceOf(Date);
});

it('what a new group has not read yet comes without a move', async () => {
  const id = await ask({ 0: '5' });
  await instance([0], { lagOf: async () => [{ topic, partition: 0, end: '1000', lag: 1000 }] }).turn();
  expect(sought).toEqual([]);
  expect((await request(id))?.finishedAt).toBeInstanceOf(Date);
});

it('refuses what the inbox no longer remembers, with a day to spare, and moves nothing', async () => {
  const asked: number[] = [];
  const nowMs = Date.parse('2026-11-25T12:00:00Z');
  const id = await ask({ 0: '99', 1: '500' });
  const watcher = instance([0, 1], {
    offsetsFor: async (_topic, timeMs) => {
      asked.push(timeMs);
      return new Map([
        [0, '100'],
        [1, '500'],
      ]);
    },
  });
  await watcher.turn(nowMs);
  expect(asked).toEqual([nowMs - 29 * DAY_MS]);
  expect(sought).toEqual([]);
  expect((await request(id))?.refused).toContain('INBOX_RETENTION_DAYS');
  await watcher.turn(nowMs);
  expect(sought).toEqual([]);
});

it('leaves other consumers and topics alone', async () => {
  await ask({ 0: '5' }, 'waybill.shipping');
  await transaction(dataSource, (manager) =>
    requestReplay(manager, { consumer: 'shipping', topic, positions: { 0: '1' } }, { who: 'anna' }),
  );
  await instance([0]).turn();
  expect(sought).toEqual([]);
});
