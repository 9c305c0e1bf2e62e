import { expect, it } from 'vitest';
import { readOptions } from './command.js';
import { neededSteps } from './steps.js';

it('restarts everything once and leaves out each step in turn, unless told otherwise', () => {
  expect(readOptions([])).toEqual({ requests: 0, rounds: 1, perSecond: 200, leaveOut: neededSteps, json: false, help: false });
  const some = readOptions(['--requests', '10000', '--rounds', '5', '--rate', '50', '--leave-out', 'drain, readiness', '--json']);
  expect(some).toMatchObject({ requests: 10_000, rounds: 5, perSecond: 50, json: true });
  expect(typeof some === 'string' ? some : some.leaveOut.map(({ name }) => name)).toEqual(['readiness', 'drain']);
  expect(readOptions(['--leave-out', 'none'])).toMatchObject({ leaveOut: [] });
});

it.each([
  [['--rate', '0'], '--rate should be a whole number from 1 to 10000, got "0"'],
  [['--leave-out', 'tea'], '--leave-out expects some of readiness, drain'],
  [['--speed', '3'], "Unknown option '--speed'"],
])('says what is wrong with %j', (args, words) => {
  expect(readOptions(args)).toContain(words);
});
