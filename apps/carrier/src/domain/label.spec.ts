import { describe, expect, it } from 'vitest';
import { losesAnswer, wellBehaved } from './behaviour.js';
import { labelOf } from './label.js';

describe('the label of a key', () => {
  it('is the same for the same key, and another for another', () => {
    expect(labelOf('a')).toEqual(labelOf('a'));
    expect(labelOf('a').id).not.toBe(labelOf('b').id);
    expect(labelOf('a').trackingCode).not.toBe(labelOf('b').trackingCode);
  });
});

describe('the failure rate', () => {
  it('loses no answer at 0, every one at 1, and a share between', () => {
    expect(losesAnswer(wellBehaved, 0)).toBe(false);
    expect(losesAnswer({ ...wellBehaved, failureRate: 1 }, 0.999)).toBe(true);
    expect(losesAnswer({ ...wellBehaved, failureRate: 0.5 }, 0.49)).toBe(true);
    expect(losesAnswer({ ...wellBehaved, failureRate: 0.5 }, 0.5)).toBe(false);
  });
});
