import { expect, it } from 'vitest';
import { judge } from './outcome.js';
import { renderOutcome } from './outcome-text.js';
import type { CrashPoint } from './survey.js';
import type { TrialResult } from './trial.js';

const point = (number: number): CrashPoint => ({ number, name: `point ${number}`, stage: 'load', mayBeLost: false, services: ['orders'] });
const trial = (number: number, outcome: TrialResult['outcome'] = 'went on'): TrialResult => ({
  point: point(number),
  mode: 'kill-before',
  service: 'orders',
  outcome,
  detail: null,
  startMs: 0,
  firedMs: outcome === 'not reached' ? null : 1,
  endMs: 2,
});

it('a point survives when all of its trials went on and left no order behind', () => {
  const slow = trial(4);
  const trials = [trial(1), trial(1), trial(2), trial(2, 'did not go on'), trial(3, 'not reached'), slow];
  const { survived, failures } = judge([1, 2, 3, 4, 5].map(point), trials, [{ trial: slow, orders: ['17 (good)'] }]);
  expect(survived).toEqual([1]);
  expect(failures.map(({ trial: { point }, why }) => [point.number, why])).toEqual([
    [2, 'did not go on'],
    [3, 'not reached'],
    [4, 'still open a minute later: 17 (good)'],
  ]);
});

it('the text says how many of those that were tried survived, and why the others did not', () => {
  const trials = [trial(1), trial(3, 'not reached')];
  const text = renderOutcome({ points: [1, 3, 5].map(point), trials, ...judge([1, 3, 5].map(point), trials, []), verdicts: [] });
  expect(text).toContain('kill-before at #3 point 3, in orders: not reached');
  expect(text).toContain('1 of 2 survived (2 trials: 2 kill-before');
});
