import { describe, expect, it } from 'vitest';
import { faultKinds, planFaults } from './plan.js';

describe('the plan of faults', () => {
  it('is the same for the same seed', () => {
    const options = { kinds: faultKinds, durationMs: 60_000 };
    expect(planFaults(4, options)).toEqual(planFaults(4, options));
    expect(planFaults(4, options)).not.toEqual(planFaults(5, options));
  });

  it('brings every kind before one comes up again, and only those that were asked for', () => {
    const kinds = ['kill', 'broker', 'network'] as const;
    const plan = planFaults(9, { kinds, durationMs: 120_000 });
    expect(plan.length).toBeGreaterThan(10);
    for (let at = 0; at + kinds.length <= plan.length; at += kinds.length) {
      expect(plan.slice(at, at + kinds.length).map(({ kind }) => kind).sort()).toEqual([...kinds].sort());
    }
  });

  it('is in the order of time, and begins no fault after the last order', () => {
    const times = planFaults(1, { kinds: faultKinds, durationMs: 30_000 }).map(({ atMs }) => atMs);
    expect(times).toEqual([...times].sort((one, other) => one - other));
    expect(times.at(-1)).toBeLessThan(30_000);
  });

  it('has a fault also for a run of a few seconds, and none where none is wanted', () => {
    expect(planFaults(1, { kinds: ['kill'], durationMs: 1_000 })).toHaveLength(1);
    expect(planFaults(1, { kinds: [], durationMs: 60_000 })).toEqual([]);
  });
});
