import { describe, expect, it } from 'vitest';
import { summaryOf } from './latencies.js';

describe('a summary of latencies', () => {
  it('gives numbers that were measured, by the nearest rank', () => {
    const hundred = Array.from({ length: 100 }, (_, n) => 100 - n);
    expect(summaryOf(hundred)).toEqual({ count: 100, p50: 50, p99: 99, max: 100 });
    expect(summaryOf([7, 3])).toEqual({ count: 2, p50: 3, p99: 7, max: 7 });
  });

  it('is nought where nobody came', () => {
    expect(summaryOf([])).toEqual({ count: 0, p50: 0, p99: 0, max: 0 });
  });
});
