import { describe, expect, it } from 'vitest';
import { UsageError } from './command-errors.js';
import { flag, number, offset, oneOf, required, text, time } from './option.js';

const now = () => Date.parse('2026-11-25T12:00:00Z');

describe('an option that is a time', () => {
  const since = time('since', now);

  it.each([
    ['2026-11-25T03:00:00Z', '2026-11-25T03:00:00.000Z'],
    ['2026-11-25T03:00:00.250+01:00', '2026-11-25T02:00:00.250Z'],
    ['2026-11-25', '2026-11-25T00:00:00.000Z'],
    ['90s', '2026-11-25T11:58:30.000Z'],
    ['15m', '2026-11-25T11:45:00.000Z'],
    ['2h', '2026-11-25T10:00:00.000Z'],
    ['7d', '2026-11-18T12:00:00.000Z'],
  ])('takes %s', (given, expected) => {
    expect(since.read(given, 'since')?.toISOString()).toBe(expected);
  });

  it.each(['2026-11-25T03:00:00', 'yesterday', '7', '-2h', '2026-13-01', '03:00', ''])('refuses "%s"', (given) => {
    expect(() => since.read(given, 'since')).toThrow(UsageError);
    expect(() => since.read(given, 'since')).toThrow(`got "${given}"`);
  });

  it('may be left out', () => {
    expect(since.read(undefined, 'since')).toBeUndefined();
  });
});

describe('an option that is a number', () => {
  const limit = number({ min: 1, max: 100, fallback: 50 }, 'N', 'how many');

  it('has its fallback, which the help tells', () => {
    expect(limit.read(undefined, 'limit')).toBe(50);
    expect(limit.help).toBe('how many; 50');
  });

  it.each(['0', '101', '1.5', 'x', '', ' ', 'NaN', 'Infinity'])('refuses "%s"', (given) => {
    expect(() => limit.read(given, 'limit')).toThrow(`--limit should be a whole number from 1 to 100; got "${given}".`);
  });

  it('need not be whole where it is a rate', () => {
    const rate = number({ min: 0.1, max: 10, fallback: undefined, whole: false }, 'N', 'so many a second');
    expect(rate.read('0.5', 'rate')).toBe(0.5);
    expect(rate.read(undefined, 'rate')).toBeUndefined();
  });
});

describe('other options', () => {
  it('an offset may exceed 2^53, and is nothing but digits', () => {
    expect(offset('from').read('9007199254740993', 'from-offset')).toBe('9007199254740993');
    expect(() => offset('from').read('-1', 'from-offset')).toThrow(UsageError);
    expect(() => offset('from').read('1e3', 'from-offset')).toThrow(UsageError);
  });

  it('one of several names the others when it is refused', () => {
    expect(() => oneOf(['done', 'stale'], 'OUTCOME', 'how').read('dead', 'outcome')).toThrow(
      '--outcome should be one of done, stale; got "dead".',
    );
  });

  it('a required one says why when it is missing, and takes no blank for a reason', () => {
    const reason = required(text('TEXT', 'why'), 'somebody will ask');
    expect(() => reason.read(undefined, 'reason')).toThrow('--reason TEXT is required: somebody will ask.');
    expect(() => reason.read('  ', 'reason')).toThrow('--reason should not be empty.');
    expect(reason.read('broken', 'reason')).toBe('broken');
  });

  it('a flag is there or not', () => {
    expect(flag('json').read('', 'json')).toBe(true);
    expect(flag('json').read(undefined, 'json')).toBe(false);
  });
});
