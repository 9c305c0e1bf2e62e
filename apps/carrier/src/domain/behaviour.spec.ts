import { describe, expect, it } from 'vitest';
import { losesAnswer, wellBehaved } from './behaviour.js';

describe('the failure rate', () => {
  it('loses no answer at 0, every one at 1, and a share between', () => {
    expect(losesAnswer(wellBehaved, 0)).toBe(false);
    expect(losesAnswer({ ...wellBehaved, failureRate: 1 }, 0.999)).toBe(true);
    expect(losesAnswer({ ...wellBehaved, failureRate: 0.5 }, 0.49)).toBe(true);
    expect(losesAnswer({ ...wellBehaved, failureRate: 0.5 }, 0.5)).toBe(false);
  });
});
