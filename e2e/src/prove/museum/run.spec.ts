import { describe, expect, it } from 'vitest';
import type { RunRecord } from '../record.js';
import { isAsItShouldBe, runMuseum, type Trial } from './run.js';

/** A run that left nothing: quiet or not. */
function recordOf(quiet: boolean): RunRecord {
  return {
    run: {
      seed: 1,
      startedAt: 0,
      instances: 2,
      faultKinds: [],
      exhibit: null,
      ordersWanted: 0,
      loadEndedMs: 0,
      healedMs: 0,
      quietMs: quiet ? 1 : null,
      quietBoundMs: 1_000,
      initialStock: {},
      platform: { node: 'v20', cpus: 2, commit: null },
    },
    requests: [],
    faults: [],
    samples: [],
    ledger: [],
    handled: [],
    changes: [],
    outbox: [],
    parked: [],
    deadRecords: [],
    orders: [],
    reservations: [],
    shipments: [],
    stock: [],
    labels: [],
    records: [],
    offsets: [],
  };
}

/** Our own design comes to rest; an exhibit does not, from its `restlessSeed` on. */
function courtOf(restlessSeed: number, trials: Trial[] = []) {
  return (trial: Trial) => {
    trials.push(trial);
    return Promise.resolve(recordOf(trial.exhibit === null || trial.seed < restlessSeed));
  };
}

const say = () => undefined;

describe('the museum', () => {
  it('tries one seed after another until an exhibit is convicted, then our own design in the same way', async () => {
    const trials: Trial[] = [];
    const results = await runMuseum({ only: ['mark-first'], say, prove: courtOf(3, trials) });
    expect(trials.map(({ exhibit, seed }) => [exhibit?.name, seed])).toEqual([
      ['mark-first', 1],
      ['mark-first', 2],
      ['mark-first', 3],
      [undefined, 3],
    ]);
    expect(results[0]?.conviction).toMatchObject({ seed: 3, invariant: 'I9' });
    expect(results[1]).toMatchObject({ exhibit: null, faults: results[0]?.faults });
    expect(isAsItShouldBe(results)).toBe(true);
  });

  it('acquits after as many seeds as it is given, and is not content with that', async () => {
    const results = await runMuseum({ only: ['mark-first'], seeds: 2, control: false, say, prove: courtOf(3) });
    expect(results).toMatchObject([{ seeds: [1, 2] }]);
    expect(results[0]?.conviction).toBeUndefined();
    expect(isAsItShouldBe(results)).toBe(false);
  });

  it('does not convict an exhibit of what it is not charged with', async () => {
    const results = await runMuseum({ only: ['two-relays'], seeds: 1, say, prove: courtOf(1) });
    expect(results[0]?.conviction).toBeUndefined();
  });

  it('is not content when our own design breaks something', async () => {
    const results = await runMuseum({ only: ['mark-first'], say, prove: () => Promise.resolve(recordOf(false)) });
    expect(results[1]?.conviction).toMatchObject({ invariant: 'I9' });
    expect(isAsItShouldBe(results)).toBe(false);
  });
});
