import type { FaultSpan, Sample } from './record.js';

/** While orders come in, something is always on its way: as little as this is no backlog. */
const UNDER_WAY = { rows: 20, records: 60 };

/** From the end of each fault until the backlog was gone; null when the next fault came first. */
export function withRecovery(spans: readonly FaultSpan[], samples: readonly Sample[]): FaultSpan[] {
  return spans.map((span) => {
    const next = spans.find(({ startMs }) => startMs > span.startMs);
    const clear = samples.find(({ atMs, outboxRows, lag }) => atMs >= span.endMs && isClear(outboxRows, lag));
    const isOverTaken = clear === undefined || (next !== undefined && next.startMs < clear.atMs);
    return { ...span, recoveredMs: isOverTaken ? null : clear.atMs - span.endMs };
  });
}

/** A sample that nobody answered says nothing. */
export function isClear(outboxRows: number | null, lag: number | null): boolean {
  return outboxRows !== null && lag !== null && outboxRows <= UNDER_WAY.rows && lag <= UNDER_WAY.records;
}
