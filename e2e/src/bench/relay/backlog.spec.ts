import { describe, expect, it } from 'vitest';
import { ratesOf } from './backlog.js';

describe('the rates of a backlog', () => {
  it('are those of each tenth of its rows', () => {
    const samples = Array.from({ length: 101 }, (_, second) => ({ seconds: second, published: second * 100, relayMiB: 90 }));
    const rates = ratesOf(samples);
    expect(rates).toHaveLength(10);
    expect(new Set(rates.map(({ value }) => value))).toEqual(new Set([100]));
  });

  it('show where it became slow', () => {
    const samples = [0, 500, 1_000].map((published, index) => ({ seconds: [0, 1, 11][index] ?? 0, published, relayMiB: 90 }));
    expect(ratesOf(samples).map(({ value }) => value)).toEqual([500, 50]);
  });
});
