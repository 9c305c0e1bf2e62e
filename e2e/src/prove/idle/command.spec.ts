import { expect, it } from 'vitest';
import { CommandLineError } from '../command-line.js';
import { readIdleOptions } from './command.js';

it('leaves two instances of each service alone for ten minutes, unless told', () => {
  expect(readIdleOptions([])).toEqual({ minutes: 10, instances: 2, stuckSeconds: undefined });
  expect(readIdleOptions(['--minutes', '1', '--instances', '3', '--stuck-seconds', '8'])).toEqual({ minutes: 1, instances: 3, stuckSeconds: 8 });
});

it.each([[['--minutes', '0']], [['--minutes', 'soon']], [['--hours', '1']], [['now']]])('refuses %j', (args) => {
  expect(() => readIdleOptions(args)).toThrow(CommandLineError);
});
