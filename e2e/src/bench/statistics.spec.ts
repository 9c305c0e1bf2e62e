import { describe, expect, it } from 'vitest';
import { deviation, median, percentile, spread } from './statistics.js';

describe('statistics', () => {
  it('take the middle, and do not mind the order', () => {
    expect([median([3, 1, 2]), median([4, 1, 3, 2]), median([7])]).toEqual([2, 2.5, 7]);
    expect(median([])).toBeNaN();
  });

  it('take percentiles by nearest rank', () => {
    const values = Array.from({ length: 100 }, (_, index) => 100 - index);
    expect([percentile(values, 0.5), percentile(values, 0.99), percentile([7], 0.5)]).toEqual([50, 99, 7]);
  });

  it('say how far the rounds lie apart', () => {
    expect(spread([10, 8, 12])).toEqual({ least: 8, most: 12 });
    expect(deviation([10, 8, 13])).toBeCloseTo(0.3);
  });
});
