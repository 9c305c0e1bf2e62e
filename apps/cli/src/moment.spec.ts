import { describe, expect, it } from 'vitest';
import { ago } from './moment.js';

describe('how long ago', () => {
  const nowMs = Date.parse('2026-11-25T12:00:00Z');

  it.each([
    [-5_000, 'in 5 s'],
    [0, '0 ms'],
    [999, '999 ms'],
    [1_000, '1 s'],
    [119_000, '119 s'],
    [120_000, '2 min'],
    [7_200_000, '2 h'],
    [172_800_000, '2 d'],
  ])('%i ms are %s', (ms, words) => {
    expect(ago(new Date(nowMs - ms), nowMs)).toBe(words);
  });
});
