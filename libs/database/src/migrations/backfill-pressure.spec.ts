import { expect, it } from 'vitest';
import { pressureInWords } from './backfill-pressure.js';

it('a backfill holds back for whoever waits, and for a replica that is more than 5 s or 128 MB behind', () => {
  const none = { waiting: 0, replicaLagMs: 0, replicaLagBytes: 0 };
  expect(pressureInWords(none)).toBeUndefined();
  expect(pressureInWords({ ...none, replicaLagMs: 5_000, replicaLagBytes: 128 * 1_024 * 1_024 })).toBeUndefined();
  expect(pressureInWords({ ...none, replicaLagMs: 5_100 })).toBe('a replica is 5.1 s behind');
  expect(pressureInWords({ ...none, replicaLagBytes: 200 * 1_024 * 1_024 })).toBe('a replica is 200 MB behind');
  expect(pressureInWords({ ...none, waiting: 1, replicaLagMs: 9_000 })).toBe('1 session waits for a lock there');
  expect(pressureInWords({ ...none, waiting: 2 })).toBe('2 sessions wait for a lock there');
});
