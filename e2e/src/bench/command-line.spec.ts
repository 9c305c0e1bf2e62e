import { describe, expect, it } from 'vitest';
import { readCommandLine } from './command-line.js';

describe('the command line of the benchmark', () => {
  it('measures quickly unless told, and in five rounds', () => {
    expect(readCommandLine([])).toEqual({
      commands: ['quick'],
      rounds: 5,
      rows: undefined,
      seconds: undefined,
      json: false,
      write: false,
    });
  });

  it('takes parts, all of them, and numbers', () => {
    expect(readCommandLine(['all', '--rounds', '7']).commands).toHaveLength(6);
    expect(readCommandLine(['relay', 'peers', 'relay', '--rows=2000', '--write'])).toMatchObject({
      commands: ['relay', 'peers'],
      rows: 2_000,
      write: true,
    });
  });

  it.each([['relays'], ['relay', '--rounds', '0'], ['relay', '--rows', 'many'], ['relay', '--fast']])(
    'says what is wrong with %s %s %s',
    (...args) => {
      expect(() => readCommandLine(args.filter((arg) => arg !== undefined))).toThrow(/relays|rounds|rows|fast/);
    },
  );
});
