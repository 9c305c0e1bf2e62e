import { describe, expect, it } from 'vitest';
import { between, branchOf, oneOf, seededRandom, shuffled } from './random.js';

const row = (random: () => number, count = 1_000) => Array.from({ length: count }, random);

describe('seeded random numbers', () => {
  it('are the same for the same seed, others for another, and all from 0, below 1', () => {
    expect(row(seededRandom(5))).toEqual(row(seededRandom(5)));
    expect(row(seededRandom(5))).not.toEqual(row(seededRandom(6)));
    expect(row(seededRandom(0)).every((each) => each >= 0 && each < 1)).toBe(true);
  });

  it('are spread evenly enough to choose by', () => {
    const tenths = new Map<number, number>();
    for (const each of row(seededRandom(1), 10_000)) {
      tenths.set(Math.floor(each * 10), (tenths.get(Math.floor(each * 10)) ?? 0) + 1);
    }
    expect([...tenths.values()].every((count) => count > 850 && count < 1_150)).toBe(true);
  });

  it('have a row of their own for each use', () => {
    expect(row(branchOf(5, 'plan'))).not.toEqual(row(branchOf(5, 'wishes')));
    expect(row(branchOf(5, 'plan'))).toEqual(row(branchOf(5, 'plan')));
  });

  it('choose and shuffle without losing anything', () => {
    const random = seededRandom(3);
    expect(shuffled(random, [1, 2, 3, 4]).sort()).toEqual([1, 2, 3, 4]);
    expect(row(() => between(random, 3, 5)).every((each) => [3, 4, 5].includes(each))).toBe(true);
    expect(() => oneOf(random, [])).toThrow('at least one thing to choose from');
  });
});
