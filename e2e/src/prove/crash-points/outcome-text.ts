import type { CrashPointOutcome } from './outcome.js';
import type { CrashPoint } from './survey.js';
import { modes } from './trap.js';
import type { TrialResult } from './trial.js';

/** A point a line: its number, when it is passed, whether its answer can be lost, who has it, its name. */
export function renderPoints(points: readonly CrashPoint[]): string {
  return points
    .map(({ number, name, stage, mayBeLost, services }) =>
      [`#${number}`.padStart(5), stage.padEnd(5), mayBeLost ? 'timeout' : '       ', services.join(' ').padEnd(25), name].join('  '),
    )
    .join('\n');
}

export function lineOf({ point, mode, service, outcome, detail, startMs, firedMs, endMs }: TrialResult): string {
  const reached = firedMs === null ? '' : ` reached after ${((firedMs - startMs) / 1_000).toFixed(1)} s,`;
  const took = `${reached} ${((endMs - startMs) / 1_000).toFixed(1)} s`;
  const bad = outcome === 'went on' ? '' : `  ${outcome.toUpperCase()}${detail === null ? '' : `: ${detail}`}`;
  return `${mode.padEnd(12)}  ${service.padEnd(9)}  #${point.number} ${point.name} (${took.trim()})${bad}`;
}

/** What did not survive, and how many did. */
export function renderOutcome({ trials, survived, failures }: CrashPointOutcome): string {
  const tried = new Set(trials.map(({ point }) => point.number));
  const lines = failures.map(({ trial, why }) => `  ${trial.mode} at #${trial.point.number} ${trial.point.name}, in ${trial.service}: ${why}`);
  const counts = modes.map((mode) => `${trials.filter((trial) => trial.mode === mode).length} ${mode}`);
  return [...lines, `${survived.length} of ${tried.size} survived (${trials.length} trials: ${counts.join(', ')})`].join('\n');
}
