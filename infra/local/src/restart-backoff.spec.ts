import { describe, expect, it } from 'vitest';
import { RestartBackoff } from './restart-backoff.js';

describe('the pause before a restart', () => {
  it('doubles with every crash, up to half a minute', () => {
    const backoff = new RestartBackoff();
    const pauses = Array.from({ length: 9 }, () => backoff.nextMs(100));
    expect(pauses).toEqual([500, 1_000, 2_000, 4_000, 8_000, 16_000, 30_000, 30_000, 30_000]);
  });

  it('is short again after a good run', () => {
    const backoff = new RestartBackoff();
    backoff.nextMs(0);
    backoff.nextMs(0);
    expect(backoff.nextMs(60_000)).toBe(500);
    expect(backoff.nextMs(100)).toBe(1_000);
  });
});
