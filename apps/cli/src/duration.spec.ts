import { describe, expect, it } from 'vitest';
import { durationWords, parseDurationMs } from './duration.js';

describe('a duration', () => {
  it.each([
    ['0s', 0],
    ['500ms', 500],
    ['90s', 90_000],
    ['15m', 900_000],
    ['1h', 3_600_000],
    ['2d', 172_800_000],
  ])('%s is %i ms', (text, ms) => {
    expect(parseDurationMs(text)).toBe(ms);
  });

  it.each(['', '1', 'h', '-1h', '1.5h', '1 h', '1w', '1h30m'])('%j is none', (text) => {
    expect(parseDurationMs(text)).toBeUndefined();
  });

  it.each([
    [4_200, '4 s'],
    [90_000, '90 s'],
    [600_000, '10 min'],
    [7_200_000, '2 h'],
    [900_000_000, '10 days'],
  ])('%i ms are %s', (ms, words) => {
    expect(durationWords(ms)).toBe(words);
  });
});
