import { describe, expect, it } from 'vitest';
import type { FaultSpan, Sample } from './record.js';
import { withRecovery } from './recovery.js';

const span = (startMs: number, endMs: number): FaultSpan => ({ kind: 'kill', target: 'orders-1', detail: '', startMs, endMs, recoveredMs: null });
const sample = (atMs: number, outboxRows: number | null, lag: number | null): Sample => ({
  ...{ atMs, outboxRows, lag, accepted: 0, ended: 0, p50Ms: null, p99Ms: null, unknown: 0 },
});
const recoveries = (spans: FaultSpan[], samples: Sample[]) => withRecovery(spans, samples).map(({ recoveredMs }) => recoveredMs);

describe('recovery', () => {
  it('is the time from the end of a fault until nothing has piled up any more', () => {
    const samples = [sample(1_000, 0, 0), sample(3_500, 500, 0), sample(4_000, 3, 900), sample(4_500, 3, 10)];
    expect(recoveries([span(2_000, 3_000)], samples)).toEqual([1_500]);
  });

  it('cannot be told from a sample that nobody answered', () => {
    expect(recoveries([span(2_000, 3_000)], [sample(3_500, null, 0), sample(4_000, 0, null)])).toEqual([null]);
  });

  it('is unknown where the next fault came first', () => {
    const samples = [sample(3_500, 500, 0), sample(9_000, 0, 0)];
    expect(recoveries([span(2_000, 3_000), span(5_000, 6_000)], samples)).toEqual([null, 3_000]);
  });
});
