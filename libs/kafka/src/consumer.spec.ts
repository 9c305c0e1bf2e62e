import { afterEach, beforeEach, expect, it, vi } from 'vitest';
import { type ConsumedRecord, FetchedRecord } from './consumed-record.js';
import { EventConsumer } from './consumer.js';
import type { GroupMember, GroupMemberOptions, KafkaDriver } from './kafka-driver.js';

const silent = { debug: () => undefined, info: () => undefined, warn: () => undefined, error: () => undefined };
const place = { topic: 'waybill.orders', partition: 0 };

beforeEach(() => {
  vi.useFakeTimers();
});

afterEach(() => {
  vi.useRealTimers();
});

/** A driver with one record, whose member gives its partition back when the work in hand is done. */
function driverOf(record: ConsumedRecord): KafkaDriver {
  const member = ({ onAssigned, onRecords }: GroupMemberOptions): GroupMember => {
    let working: Promise<void> | undefined;
    return {
      join: () => {
        onAssigned([place]);
        working = onRecords({ ...place, records: [record], revoked: () => false, commit: () => Promise.resolve() });
        return Promise.resolve();
      },
      pause: () => undefined,
      resume: () => undefined,
      seek: () => Promise.resolve(),
      leave: async () => working,
    };
  };
  const none = () => {
    throw new Error('not asked for here');
  };
  return { member, producer: none, admin: none };
}

it('a chunk that fails while the consumer stops leaves no timer behind', async () => {
  let fail: (error: Error) => void = () => undefined;
  const handle = vi.fn(
    () =>
      new Promise<void>((_, reject) => {
        fail = reject;
      }),
  );
  const record = new FetchedRecord(place.topic, place.partition, '0', null, null, {}, '0');
  const consumer = new EventConsumer(() => Promise.resolve(driverOf(record)), {
    group: 'inventory',
    topics: [place.topic],
    handle,
    log: silent,
  });
  consumer.start();
  await vi.waitFor(() => expect(handle).toHaveBeenCalled());
  const stopping = consumer.stop();
  fail(new Error('the database is away'));
  await stopping;
  expect(vi.getTimerCount()).toBe(0);
});

/** What a consumer tells of itself, in order. */
function progressInto(told: string[]) {
  return {
    beat: () => told.push('beat'),
    moved: (where: string) => told.push(`moved ${where}`),
    begin: (where: string) => {
      told.push(`begin ${where}`);
      return () => told.push(`end ${where}`);
    },
  };
}

it('tells how it gets on: an attempt to join, a heartbeat, a lot in hand, a chunk, its commit', async () => {
  const told: string[] = [];
  const record = new FetchedRecord(place.topic, place.partition, '0', null, null, {}, '0');
  const { member: create, ...rest } = driverOf(record);
  const driver: KafkaDriver = {
    ...rest,
    member: (options) => {
      const member = create(options);
      return {
        ...member,
        join: async () => {
          options.onHeartbeat();
          await member.join();
        },
      };
    },
  };
  const consumer = new EventConsumer(() => Promise.resolve(driver), {
    group: 'inventory',
    topics: [place.topic],
    handle: () => Promise.resolve(),
    log: silent,
    progress: progressInto(told),
  });
  consumer.start();
  await vi.waitFor(() => expect(told.at(-1)).toMatch(/^end/));
  expect(consumer.status().lastHeartbeatMsAgo).toBeDefined();
  await consumer.stop();
  const where = 'waybill.orders/0';
  expect(told).toEqual(['beat', 'beat', `begin ${where}`, `moved ${where}`, `moved ${where}`, `end ${where}`]);
});

it('a held partition has nothing in hand: it waits, and is not stuck', async () => {
  const told: string[] = [];
  const record = new FetchedRecord(place.topic, place.partition, '0', null, null, {}, '0');
  const consumer = new EventConsumer(() => Promise.resolve(driverOf(record)), {
    group: 'inventory',
    topics: [place.topic],
    handle: () => Promise.reject(new Error('the database is away')),
    log: silent,
    progress: progressInto(told),
  });
  consumer.start();
  await vi.waitFor(() => expect(consumer.status().held).toHaveLength(1));
  await vi.waitFor(() => expect(told).toEqual(['beat', 'begin waybill.orders/0', 'end waybill.orders/0']));
  await consumer.stop();
});

it('each attempt to join a group that cannot be joined is a beat', async () => {
  const told: string[] = [];
  const away: KafkaDriver = {
    ...driverOf(new FetchedRecord(place.topic, place.partition, '0', null, null, {}, '0')),
    member: () => {
      throw new Error('no broker');
    },
  };
  const consumer = new EventConsumer(() => Promise.resolve(away), {
    group: 'inventory',
    topics: [place.topic],
    handle: () => Promise.resolve(),
    log: silent,
    progress: progressInto(told),
  });
  consumer.start();
  await vi.advanceTimersByTimeAsync(20_000);
  expect(told.length).toBeGreaterThan(3);
  await consumer.stop();
});
