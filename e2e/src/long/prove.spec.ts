import { describe, expect, it } from 'vitest';
import { check } from '../prove/check/check.js';
import { faultKinds } from '../prove/plan.js';
import { runProof } from '../prove/run.js';
import { hold, renderFailure, renderVerdicts } from '../prove/verdict-text.js';

/*
 * The platform, two instances of each service, under a load and every kind of fault; then everything that was recorded is
 * checked. `npm run prove -- --seed N --orders 300 --duration 40` does the same with another seed.
 */
describe('the promise', () => {
  it.each([1, 2, 3])(
    'holds under the faults of seed %i',
    async (seed) => {
      const lines: string[] = [];
      const say = (line: string) => lines.push(line);
      const record = await runProof({ seed, orders: 300, durationMs: 40_000, quietBoundMs: 60_000, faults: faultKinds, say });
      const verdicts = check(record);
      const told = [...lines, renderVerdicts(verdicts), renderFailure(record, verdicts)].join('\n');
      expect(hold(verdicts), told).toBe(true);
      // A check of nothing would prove nothing.
      const vacuous = verdicts.filter(({ result, checked }) => result === 'holds' && checked === 0);
      expect(vacuous).toEqual([]);
      expect(record.faults.length).toBeGreaterThan(2);
      expect(record.orders.length).toBeGreaterThanOrEqual(300);
    },
    180_000,
  );
});
