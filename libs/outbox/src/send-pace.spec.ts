import { describe, expect, it } from 'vitest';
import { SendPace } from './send-pace.js';

describe('SendPace', () => {
  it('never waits while it is quiet: the first of a hundred rows a second goes at once', () => {
    const pace = new SendPace();
    for (let now = 0; now < 5_000; now += 10) {
      expect(pace.waitMs(now)).toBe(0);
      pace.sends(1, now);
    }
  });

  it('spaces sends under load, from the start of one to the start of the next', () => {
    const pace = new SendPace();
    pace.sends(101, 0);
    expect(pace.waitMs(0)).toBe(25);
    expect(pace.waitMs(20)).toBe(5);
    expect(pace.waitMs(25)).toBe(0);
    expect(pace.waitMs(400)).toBe(0);
  });

  it('knows of load for a second, and not for two', () => {
    const pace = new SendPace();
    pace.sends(101, 0);
    pace.sends(1, 1_500);
    expect(pace.waitMs(1_500)).toBe(25);
    pace.sends(1, 3_500);
    expect(pace.waitMs(3_500)).toBe(0);
  });

  it('waits no longer than the spacing when the clock jumps back', () => {
    const pace = new SendPace();
    pace.sends(101, 10_000);
    expect(pace.waitMs(5_000)).toBeLessThanOrEqual(25);
    pace.sends(101, 5_000);
    expect(pace.waitMs(5_001)).toBe(24);
  });
});
