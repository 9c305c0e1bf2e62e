import type { FaultSpan } from '../record.js';
import { escaped, seconds, table } from './markup.js';

/** What docs/guarantees.md asks for, in ms. */
const bounds: Readonly<Record<string, number>> = { kill: 30_000, broker: 60_000, database: 60_000 };

/** How long each fault lasted, and how long it took afterwards until no backlog was left. */
export function recoveryTable(faults: readonly FaultSpan[]): string {
  const rows = faults.map(({ kind, target, detail, startMs, endMs, recoveredMs }) => {
    const bound = bounds[kind];
    const isLate = bound !== undefined && recoveredMs !== null && recoveredMs > bound;
    const recovery = recoveredMs === null ? 'the next fault came first' : seconds(recoveredMs);
    return [
      seconds(startMs),
      `<span class="dot ${escaped(kind)}"></span>${escaped(kind)}`,
      escaped(target),
      escaped(detail),
      seconds(endMs - startMs),
      isLate ? `<span class="mark broken">${recovery}</span>` : recovery,
      bound === undefined ? '' : seconds(bound),
    ];
  });
  return table(['at', 'fault', 'target', 'what was done', 'lasted', 'recovered after', 'at most'], rows, [0, 4, 5, 6]);
}
