import { describe, expect, it } from 'vitest';
import { progressLine } from './progress-line.js';

describe('progress', () => {
  it('is told after two seconds, then every two, and not at the end', () => {
    let nowMs = 0;
    const said: string[] = [];
    const tell = progressLine((line) => said.push(line), 'dead.retry', () => nowMs);
    for (let done = 1; done <= 10; done++) {
      nowMs += 700;
      tell(done, 10);
    }
    expect(said).toEqual(['  … dead.retry: 3 of 10', '  … dead.retry: 6 of 10', '  … dead.retry: 9 of 10']);
  });
});
