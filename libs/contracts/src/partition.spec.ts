import { describe, expect, it } from 'vitest';
import { murmur2, partitionAmong, partitionOf } from './partition.js';

describe('murmur2', () => {
  // The vectors of Kafka's own UtilsTest.testMurmur2.
  it.each([
    ['21', -973932308],
    ['foobar', -790332482],
    ['a-little-bit-long-string', -985981536],
    ['a-little-bit-longer-string', -1486304829],
    ['lkjh234lh9fiuh90y23oiuhsafujhadof229phr9h19h89h8', -58897971],
    ['abc', 479470107],
  ])('hashes %s as Kafka does', (text, hash) => {
    expect(murmur2(Buffer.from(text))).toBe(hash);
  });
});

describe('partitionOf', () => {
  it('spreads keys over the declared partitions', () => {
    const partitions = Array.from({ length: 600 }, (_, index) => partitionOf('waybill.orders', `order-${index}`));
    expect(new Set(partitions)).toEqual(new Set([0, 1, 2, 3, 4, 5]));
  });

  it('goes by the declared count, and another count moves keys', () => {
    const keys = Array.from({ length: 600 }, (_, index) => `order-${index}`);
    expect(keys.map((key) => partitionOf('waybill.orders', key))).toEqual(keys.map((key) => partitionAmong(6, key)));
    // Those of 6 that stay among 12 are every other one; the rest has to move.
    const stay = keys.filter((key) => partitionAmong(6, key) === partitionAmong(12, key)).length;
    expect(stay).toBeGreaterThan(200);
    expect(stay).toBeLessThan(400);
  });

  it('sends everything of a topic that is not declared to partition 0', () => {
    expect(partitionOf('somebody.elses', 'key')).toBe(0);
  });
});
