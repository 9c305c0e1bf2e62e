import { describe, expect, it } from 'vitest';
import { latencies } from './latencies.js';

describe('latencies', () => {
  it('are from the commit of a row to its acknowledgement, whichever relay sent it', () => {
    const committed = Float64Array.of(100, Number.NaN, 110);
    const times = [
      { numbers: Float64Array.of(7, 9), at: Float64Array.of(103, 115) },
      { numbers: Float64Array.of(7), at: Float64Array.of(99) },
    ];
    expect(latencies({ first: 7, committed }, times)).toEqual([3, 5, 0]);
  });

  it('leave out rows that were written before, or never', () => {
    const times = [{ numbers: Float64Array.of(3, 8), at: Float64Array.of(1, 2) }];
    expect(latencies({ first: 7, committed: Float64Array.of(100, Number.NaN) }, times)).toEqual([]);
  });
});
