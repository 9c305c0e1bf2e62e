import type { Verdict } from '../check/verdict.js';
import type { RunRecord } from '../record.js';
import type { CrashPoint } from './survey.js';
import type { TrialResult } from './trial.js';

export interface CrashPointOutcome {
  readonly points: readonly CrashPoint[];
  readonly trials: readonly TrialResult[];
  /** Of the points that were tried: those whose every trial went on, with every order of its time at its end in time. */
  readonly survived: readonly number[];
  readonly failures: readonly { readonly trial: TrialResult; readonly why: string }[];
  /** Of the whole run; absent when the points were only listed. */
  readonly record?: RunRecord;
  readonly verdicts: readonly Verdict[];
}

/** Orders that were open for too long after a trial. */
export interface Late {
  readonly trial: TrialResult;
  readonly orders: readonly string[];
}

/** A point survived when each of its trials reached it and went on, and left no order behind. */
export function judge(
  wanted: readonly CrashPoint[],
  trials: readonly TrialResult[],
  late: readonly Late[],
): Pick<CrashPointOutcome, 'survived' | 'failures'> {
  const failures = [
    ...trials.filter(({ outcome }) => outcome !== 'went on').map((trial) => ({ trial, why: trial.detail ?? trial.outcome })),
    ...late.map(({ trial, orders }) => ({ trial, why: `still open a minute later: ${orders.join(', ')}` })),
  ];
  const failed = new Set(failures.map(({ trial }) => trial.point.number));
  const tried = new Set(trials.map(({ point }) => point.number));
  return { failures, survived: wanted.map(({ number }) => number).filter((number) => tried.has(number) && !failed.has(number)) };
}
