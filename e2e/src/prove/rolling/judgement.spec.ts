import { describe, expect, it } from 'vitest';
import type { Verdict } from '../check/verdict.js';
import { complaintsOf, faultsOf } from './judgement.js';
import type { OpenLoopResult } from './load.js';
import type { RollingResult } from './run.js';
import { leftOutStep } from './steps.js';
import { rollingTable } from './table.js';

const load: OpenLoopResult = {
  ...{ sent: 100, answered: 100, failures: [], accepted: ['a'], latencyMs: { p50: 2, p99: 9, max: 20 }, commands: [] },
};
const well: RollingResult = {
  ...{ leftOut: undefined, load, stops: [{ instance: 'orders-1', exit: 0, ms: 1_700 }], slowestOrderMs: 900, seconds: 12 },
};
const control: RollingResult = { ...well, leftOut: leftOutStep('drain') };
const failing: OpenLoopResult = { ...load, failures: [{ kind: 'refused', count: 3, example: 'GET /orders' }], answered: 97 };
const broken: Verdict = {
  ...{ invariant: 'I2', title: 'once', result: 'broken', checked: 1, violations: [], violationCount: 1, remark: null },
};

describe('the judgement of a rolling restart', () => {
  it('finds nothing where nothing failed', () => {
    expect(faultsOf(well)).toEqual([]);
    expect(complaintsOf({ results: [well, { ...control, load: failing }], verdicts: [] })).toEqual([]);
  });

  it.each([
    [{ load: failing }, '3 refused'],
    [{ stops: [{ instance: 'orders-2', exit: 1, ms: 1 }] }, 'orders-2 ended with 1'],
    [{ stops: [{ instance: 'orders-2', exit: 'SIGKILL' as const, ms: 1 }] }, 'orders-2 ended with SIGKILL'],
    [{ slowestOrderMs: null }, 'orders that did not end'],
    [{ slowestOrderMs: 9_400 }, 'an order took 9.4 s'],
  ])('counts %j as a fault', (change, words) => {
    expect(faultsOf({ ...well, ...change })).toEqual([words]);
    expect(complaintsOf({ results: [{ ...well, ...change }], verdicts: [] })).toEqual([expect.stringContaining(words)]);
    // What the stop as it is must not do, a control must.
    expect(complaintsOf({ results: [{ ...control, ...change }], verdicts: [] })).toEqual([]);
  });

  it('complains about a control that fails nothing, and about a broken invariant', () => {
    expect(complaintsOf({ results: [control], verdicts: [broken] })).toEqual([
      expect.stringContaining('without drain should fail something'),
      expect.stringContaining('lost or doubled'),
    ]);
  });

  it('prints one line a restart', () => {
    const lines = rollingTable([well, { ...control, load: failing, stops: [...well.stops, ...well.stops] }]).split('\n');
    expect(lines[1]).toMatch(/^as it is +100 +0 +0 +1\.7 s +0\.9 s +9 ms +12 s +as it should be$/);
    expect(lines[2]).toMatch(/^without drain +100 +3 refused +0, 0 .* fails, as it should$/);
  });
});
