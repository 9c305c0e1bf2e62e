import { expect, it } from 'vitest';
import { readOptions } from './command.js';

it('takes all kinds of trials unless told', () => {
  expect(readOptions([])).toMatchObject({ list: false, only: '', kinds: ['kill', 'pause', 'timeout'], json: false });
  expect(readOptions(['--only', 'COMMIT', '--modes', 'timeout, kill'])).toMatchObject({ only: 'COMMIT', kinds: ['kill', 'timeout'] });
});

it('says what is wrong with an option', () => {
  expect(readOptions(['--modes', 'stop'])).toBe('--modes expects some of kill, pause, timeout; got "stop".');
  expect(readOptions(['--what'])).toMatch(/Unknown option/);
});
