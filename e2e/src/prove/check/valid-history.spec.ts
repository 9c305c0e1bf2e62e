import { describe, expect, it } from 'vitest';
import { check } from './check.js';
import { validHistory } from './valid-history.js';

const SEEDS = Array.from({ length: 40 }, (_, at) => at + 1);

describe('a run in which everything was kept', () => {
  it.each(SEEDS)('is found to hold in everything, seed %i', (seed) => {
    const verdicts = check(validHistory({ seed, orders: 60 }));
    const violations = verdicts.flatMap((verdict) => verdict.violations);
    expect(violations.slice(0, 5)).toEqual([]);
    expect(verdicts.map(({ invariant, result }) => `${invariant} ${result}`)).toEqual(verdicts.map(({ invariant }) => `${invariant} holds`));
  });
});
