import type { Sample } from '../record.js';

/** What happened between two looks of a reader, out of one sample or of many. */
export interface Moment {
  readonly atMs: number;
  readonly acceptedPerSecond: number;
  readonly endedPerSecond: number;
  readonly p50Ms: number | null;
  readonly p99Ms: number | null;
  readonly outboxRows: number | null;
  readonly lag: number | null;
  /** Accepted, and not ended yet. */
  readonly unseen: number;
}

/** Below a second, a rate is noise. */
const WIDTH_MS = 1_000;

/**
 * At most so many moments (one a second where that is fewer). Peaks stay: of a backlog and of the 99th percentile the
 * highest is kept, of the median the median, and rates come from the counters at both ends.
 */
export function momentsOf(samples: readonly Sample[], most = 480): Moment[] {
  const spanMs = samples.at(-1)?.atMs ?? 0;
  const widthMs = Math.max(WIDTH_MS, spanMs / (most - 1));
  const moments: Moment[] = [];
  let before: Pick<Sample, 'atMs' | 'accepted' | 'ended'> = { atMs: 0, accepted: 0, ended: 0 };
  for (const group of groups(samples, ({ atMs }) => Math.floor(atMs / widthMs))) {
    const last = group.at(-1);
    if (last === undefined) {
      continue;
    }
    const elapsed = Math.max(last.atMs - before.atMs, WIDTH_MS / 2) / 1_000;
    moments.push({
      atMs: last.atMs,
      acceptedPerSecond: Math.max(0, last.accepted - before.accepted) / elapsed,
      endedPerSecond: Math.max(0, last.ended - before.ended) / elapsed,
      p50Ms: middle(known(group.map(({ p50Ms }) => p50Ms))),
      p99Ms: highest(known(group.map(({ p99Ms }) => p99Ms))),
      outboxRows: highest(known(group.map(({ outboxRows }) => outboxRows))),
      lag: highest(known(group.map(({ lag }) => lag))),
      unseen: Math.max(0, ...group.map(({ accepted, ended }) => accepted - ended)),
    });
    before = last;
  }
  return moments;
}

function groups<T>(rows: readonly T[], of: (row: T) => number): T[][] {
  const all: T[][] = [];
  let current: number | undefined;
  for (const row of rows) {
    if (of(row) !== current) {
      current = of(row);
      all.push([]);
    }
    all.at(-1)?.push(row);
  }
  return all;
}

function known(values: readonly (number | null)[]): number[] {
  return values.filter((value) => value !== null);
}

function highest(values: readonly number[]): number | null {
  return values.length === 0 ? null : Math.max(...values);
}

function middle(values: readonly number[]): number | null {
  return [...values].sort((one, other) => one - other)[Math.floor(values.length / 2)] ?? null;
}
