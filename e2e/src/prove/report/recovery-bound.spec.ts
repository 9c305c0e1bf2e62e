import { describe, expect, it } from 'vitest';
import { madeUpFault } from './made-up-record.js';
import { recoveryResult } from './recovery-bound.js';

describe('a recovery', () => {
  it('has 30 s after a kill and 60 s after broker or database', () => {
    const result = (kind: string, recoveredMs: number) => recoveryResult(madeUpFault({ kind, recoveredMs }), []);
    expect([result('kill', 30_000), result('kill', 30_001)]).toEqual(['within', 'late']);
    expect([result('broker', 60_000), result('database', 60_001)]).toEqual(['within', 'late']);
    expect([result('carrier', 90_000), result('constructor', 1)]).toEqual(['unbounded', 'unbounded']);
  });

  it('that nobody saw was overtaken by the next fault, or never came', () => {
    const [first, last] = [madeUpFault({ recoveredMs: null }), madeUpFault({ startMs: 5_000, recoveredMs: null })];
    expect([first, last].map((fault) => recoveryResult(fault, [first, last]))).toEqual(['overtaken', 'never']);
  });
});
