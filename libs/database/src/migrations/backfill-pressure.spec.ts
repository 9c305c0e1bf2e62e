import { expect, it } from 'vitest';
import { pressureInWords } from './backfill-pressure.js';

it('a backfill holds back for whoever waits, and for a replica that is more than 5 s behind', () => {
  expect(pressureInWords({ waiting: 0, replicaLagMs: 0 })).toBeUndefined();
  expect(pressureInWords({ waiting: 0, replicaLagMs: 5_000 })).toBeUndefined();
  expect(pressureInWords({ waiting: 0, replicaLagMs: 5_100 })).toBe('a replica is 5.1 s behind');
  expect(pressureInWords({ waiting: 1, replicaLagMs: 9_000 })).toBe('1 session waits for a lock there');
  expect(pressureInWords({ waiting: 2, replicaLagMs: 0 })).toBe('2 sessions wait for a lock there');
});
