import { expect, it } from 'vitest';
import { complaintsOf, faultsOf } from '../prove/rolling/judgement.js';
import { runRolling } from '../prove/rolling/run.js';
import { leftOutStep } from '../prove/rolling/steps.js';
import { rollingTable } from '../prove/rolling/table.js';
import { renderVerdicts } from '../prove/verdict-text.js';

/*
 * Every instance of every service restarted in turn under load: no request fails, no effect is lost or doubled. Then two
 * controls, in which a step of the stop is left out, and requests fail. `npm run prove -- rolling` has more of them.
 */
it('fails no request, and each step of the stop is needed for that', async () => {
  const lines: string[] = [];
  const outcome = await runRolling({
    requests: 0,
    rounds: 1,
    // Less than the full proof sends, which has the machine for itself.
    perSecond: 60,
    leaveOut: [leftOutStep('drain'), leftOutStep('all')],
    say: (line) => lines.push(line),
    signal: new AbortController().signal,
  });
  const told = [...lines, renderVerdicts(outcome.verdicts), rollingTable(outcome.results)].join('\n');
  console.log(rollingTable(outcome.results));
  expect(complaintsOf(outcome), told).toEqual([]);
  const [ours, ...controls] = outcome.results;
  expect(ours?.load.failures, told).toEqual([]);
  expect(ours?.load.sent).toBeGreaterThan(1_000);
  // More than a thousand events with ten restarts, and each effect exactly once: that is I2, which has just held.
  expect(outcome.results.flatMap(({ stops }) => stops)).toHaveLength(10);
  expect(outcome.record.ledger.length).toBeGreaterThan(1_000);
  expect(controls.every((control) => control.load.failures.length > 0 && faultsOf(control).length > 0), told).toBe(true);
}, 240_000);
