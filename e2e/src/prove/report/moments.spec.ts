import { describe, expect, it } from 'vitest';
import { madeUpSample } from './made-up-record.js';
import { momentsOf } from './moments.js';

describe('the moments of a run', () => {
  it('are none without samples, and one with one', () => {
    expect(momentsOf([])).toEqual([]);
    expect(momentsOf([madeUpSample({ atMs: 2_000, accepted: 10, ended: 4 })])).toMatchObject([
      { atMs: 2_000, acceptedPerSecond: 5, endedPerSecond: 2, unseen: 6 },
    ]);
  });

  it('take rates from the counters of a whole second', () => {
    const samples = [500, 900, 1_500, 1_900].map((atMs, index) => madeUpSample({ atMs, accepted: (index + 1) * 10 }));
    expect(momentsOf(samples).map(({ atMs, acceptedPerSecond }) => [atMs, Math.round(acceptedPerSecond)])).toEqual([
      [900, 22],
      [1_900, 20],
    ]);
  });

  it('of 10,000 samples are few, and keep the peaks', () => {
    const samples = Array.from({ length: 10_000 }, (_, index) =>
      madeUpSample({
        atMs: index * 500,
        accepted: index,
        ended: index === 7_321 ? index - 999 : index,
        lag: index === 1_234 ? 5_000 : 1,
        p99Ms: index === 4_321 ? 8_000 : 9,
        outboxRows: index === 42 ? 777 : null,
      }),
    );
    const moments = momentsOf(samples);
    expect(moments.length).toBeLessThanOrEqual(480);
    expect(moments.length).toBeGreaterThan(400);
    expect(Math.max(...moments.map(({ lag }) => lag ?? 0))).toBe(5_000);
    expect(Math.max(...moments.map(({ p99Ms }) => p99Ms ?? 0))).toBe(8_000);
    expect(Math.max(...moments.map(({ unseen }) => unseen))).toBe(999);
    expect(moments.filter(({ outboxRows }) => outboxRows !== null).map(({ outboxRows }) => outboxRows)).toEqual([777]);
  });
});
