import { hold } from '../verdict-text.js';
import type { RollingOutcome, RollingResult } from './run.js';

/** Less than the ten seconds, from its last heartbeat, for which Kafka waits for a member that has gone without a word. */
export const LATE_MS = 9_000;

/** What went wrong in one restart, a phrase each; nothing, where all was well. */
export function faultsOf({ load, stops, slowestOrderMs }: RollingResult): string[] {
  const badExits = stops.filter(({ exit }) => exit !== 0);
  return [
    ...load.failures.map(({ kind, count }) => `${count} ${kind}`),
    ...badExits.map(({ instance, exit }) => `${instance} ended with ${exit}`),
    ...(slowestOrderMs === null ? ['orders that did not end'] : []),
    ...(slowestOrderMs !== null && slowestOrderMs > LATE_MS ? [`an order took ${(slowestOrderMs / 1_000).toFixed(1)} s`] : []),
  ];
}

/** What is not as it should be: the stop as it is fails something, a control fails nothing, or an invariant is broken. */
export function complaintsOf({ results, verdicts }: Pick<RollingOutcome, 'results' | 'verdicts'>): string[] {
  const complaints = results.flatMap((result) => {
    const faults = faultsOf(result);
    if (result.leftOut === undefined) {
      return faults.length === 0 ? [] : [`the stop as it is should fail nothing, and there were: ${faults.join(', ')}`];
    }
    return faults.length > 0 || result.leftOut.shows === 'nothing' ? [] : [`the stop without ${result.leftOut.name} should fail something, and did not: the proof would not have seen it`];
  });
  return hold(verdicts) ? complaints : [...complaints, 'effects were lost or doubled: see the invariants'];
}
