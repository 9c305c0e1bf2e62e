import { describe, expect, it } from 'vitest';
import { forgottenPartitions, replayPositions } from './replay-positions.js';

describe('where a replay begins', () => {
  it('is where it was asked for, in each partition', () => {
    const partitions = [
      { partition: 0, earliest: '0', committed: '10' },
      { partition: 1, earliest: '0', committed: '9007199254740999' },
    ];
    expect(replayPositions(partitions, (partition) => (partition === 0 ? '3' : '9007199254740993'))).toEqual({
      0: '3',
      1: '9007199254740993',
    });
  });

  it('is the first record that is left, where older ones were asked for', () => {
    expect(replayPositions([{ partition: 0, earliest: '7', committed: '10' }], () => '0')).toEqual({ 0: '7' });
  });

  it('is never ahead of the consumer: what it has not handled would be skipped', () => {
    const partitions = [{ partition: 0, earliest: '0', committed: '10' }];
    expect(replayPositions(partitions, () => '10')).toEqual({});
    expect(replayPositions(partitions, () => '11')).toEqual({});
  });

  it('leaves out a partition of which nothing was read, and one that was not asked for', () => {
    const partitions = [
      { partition: 0, earliest: '0' },
      { partition: 1, earliest: '0', committed: '10' },
    ];
    expect(replayPositions(partitions, (partition) => (partition === 1 ? undefined : '0'))).toEqual({});
  });
});

describe('what is forgotten', () => {
  const remembered = new Map([
    [0, '100'],
    [1, '0'],
  ]);

  it('is what lies before the first record that is remembered', () => {
    expect(forgottenPartitions({ 0: '99', 1: '0' }, remembered)).toEqual([0]);
  });

  it('is nothing at that record, or after it', () => {
    expect(forgottenPartitions({ 0: '100', 1: '5' }, remembered)).toEqual([]);
  });
});
