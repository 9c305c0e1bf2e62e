import { expect, it } from 'vitest';
import type { CrashPoint } from './survey.js';
import { trialKinds, trialsOf } from './trial.js';

const point = (number: number, services: CrashPoint['services'], mayBeLost = false): CrashPoint => ({
  number,
  name: `point ${number}`,
  stage: 'load',
  mayBeLost,
  services,
});
const modesOf = (points: CrashPoint[], kinds = trialKinds) => [...trialsOf(points, kinds).values()].flat().map(({ mode }) => mode);

it('a call is killed at both sides and stopped before it; one that can be lost also after it, and is lost', () => {
  expect(modesOf([point(1, ['orders'])])).toEqual(['kill-before', 'kill-after', 'pause-before']);
  expect(modesOf([point(1, ['orders'], true)])).toEqual(['kill-before', 'kill-after', 'pause-before', 'pause-after', 'timeout']);
  expect(modesOf([point(1, ['orders'], true)], ['timeout'])).toEqual(['timeout']);
});

it('each point is taken in one service, so that all have about as much to do', () => {
  const lanes = trialsOf([point(1, ['orders', 'shipping']), point(2, ['orders', 'shipping']), point(3, ['orders'])], ['kill']);
  const numbers = [...lanes].map(([service, trials]) => [service, [...new Set(trials.map(({ point: { number } }) => number))]]);
  expect(Object.fromEntries(numbers)).toEqual({ orders: [3, 2], shipping: [1] });
});
