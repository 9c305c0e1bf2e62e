import type { RunRecord } from '../record.js';

/** What all drawings of a page share, so that one moment stands at one place in all of them. */
export const sheet = { width: 1_000, left: 172, right: 12 } as const;

export interface TimeAxis {
  readonly endMs: number;
  /** Where on the sheet; what lies outside is drawn at the edge. */
  x(ms: number): number;
  /** In seconds. */
  readonly ticks: readonly number[];
}

const STEPS = [1, 2, 5, 10, 15, 30, 60, 120, 300, 600, 1_200, 1_800, 3_600];
const TICKS_MOST = 12;

export function timeAxis(endMs: number): TimeAxis {
  const end = Math.max(1_000, endMs);
  const step = STEPS.find((each) => end / 1_000 / each <= TICKS_MOST) ?? Math.ceil(end / 1_000 / TICKS_MOST);
  return {
    endMs: end,
    x: (ms) => sheet.left + (Math.min(end, Math.max(0, ms)) / end) * (sheet.width - sheet.left - sheet.right),
    ticks: Array.from({ length: Math.floor(end / 1_000 / step) + 1 }, (_, index) => index * step),
  };
}

/** From the start of the run to the last thing that the record has a time of. */
export function axisOf({ run, samples, faults }: RunRecord): TimeAxis {
  const sampled = samples.at(-1)?.atMs ?? 0;
  const healed = faults.reduce((latest, { endMs }) => Math.max(latest, endMs), 0);
  return timeAxis(Math.max(run.loadEndedMs, run.healedMs, run.quietMs ?? 0, sampled, healed));
}

export interface Milestone {
  readonly atMs: number;
  readonly name: string;
}

export function milestonesOf({ run }: RunRecord): Milestone[] {
  return [
    { atMs: run.loadEndedMs, name: 'all customers answered' },
    { atMs: run.healedMs, name: 'healed' },
    ...(run.quietMs === null ? [] : [{ atMs: run.quietMs, name: 'quiet' }]),
  ];
}
