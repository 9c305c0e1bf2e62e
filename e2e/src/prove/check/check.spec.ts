import { describe, expect, it } from 'vitest';
import { check } from './check.js';
import { type DoctoredRecord, type Mutation, mutations, type Pick } from './mutations.js';
import { mulberry32, validHistory } from './valid-history.js';
import { invariants, type Verdict } from './verdict.js';

const SEEDS = Array.from({ length: 25 }, (_, at) => at + 1);
const ORDERS = 60;

interface Trial {
  readonly seed: number;
  readonly verdicts: readonly Verdict[];
}

/** The verdicts about what the mutation makes of these histories, of those in which there is something for it. */
function trialsOf(mutation: Mutation, seeds: readonly number[]): Trial[] {
  return seeds.flatMap((seed) => {
    const record = structuredClone(validHistory({ seed, orders: ORDERS })) as DoctoredRecord;
    const random = mulberry32(seed * 1_000 + 7);
    const pick: Pick = (from) => from[Math.floor(random() * from.length)];
    return mutation.doctor(record, pick) ? [{ seed, verdicts: check(record) }] : [];
  });
}

function resultOf(verdicts: readonly Verdict[], invariant: string): string | undefined {
  return verdicts.find((verdict) => verdict.invariant === invariant)?.result;
}

describe('the checker', () => {
  it.each(mutations.map((mutation) => [mutation.breaks, mutation.name, mutation] as const))(
    'finds %s broken where %s',
    (breaks, _name, mutation) => {
      const trials = trialsOf(mutation, SEEDS);
      expect(trials.length).toBeGreaterThan(SEEDS.length / 3);
      expect(trials.filter(({ verdicts }) => resultOf(verdicts, breaks) !== 'broken').map(({ seed }) => seed)).toEqual([]);
    },
  );

  it.each(invariants)('is tested for %s by at least two mutations', (invariant) => {
    expect(mutations.filter(({ breaks }) => breaks === invariant).length).toBeGreaterThanOrEqual(2);
  });
});
