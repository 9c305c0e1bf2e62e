import { expect, it } from 'vitest';
import { retryAfterMs, retryBudgetMs, retrySchedule } from './retry-schedule.js';

it('waits twice as long after each attempt, up to the bound, and never exactly as long as another one', () => {
  const full = (attempts: number) => Math.min(500 * 2 ** (attempts - 3), 60_000);
  for (let attempts = 3; attempts < 40; attempts++) {
    const waits = Array.from({ length: 20 }, () => retryAfterMs(retrySchedule, attempts));
    for (const wait of waits) {
      expect(wait).toBeGreaterThanOrEqual(Math.floor(full(attempts) / 2));
      expect(wait).toBeLessThanOrEqual(full(attempts));
    }
    expect(new Set(waits).size).toBeGreaterThan(1);
  }
});

it('has a budget that no event outlives', () => {
  let longest = 0;
  for (let attempts = retrySchedule.inPlaceMax; attempts < retrySchedule.attemptsMax; attempts++) {
    longest += retrySchedule.backoffMs * 2 ** (attempts - retrySchedule.inPlaceMax);
  }
  expect(retryBudgetMs(retrySchedule)).toBeGreaterThan(Math.min(longest, 9 * retrySchedule.backoffMaxMs) / 2);
  expect(retryBudgetMs({ ...retrySchedule, attemptsMax: 3 })).toBe(0);
});
