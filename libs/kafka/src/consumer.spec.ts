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
