import type { FaultSpan } from '../record.js';

/** Within how long the backlog has to be gone; kinds without a figure have none to meet. */
const boundsMs: Readonly<Record<string, number>> = { kill: 30_000, broker: 60_000, database: 60_000 };

export function recoveryBoundMs(kind: string): number | null {
  return Object.hasOwn(boundsMs, kind) ? (boundsMs[kind] ?? null) : null;
}

export type RecoveryResult = 'within' | 'late' | 'unbounded' | 'overtaken' | 'never';

export function recoveryResult(fault: FaultSpan, faults: readonly FaultSpan[]): RecoveryResult {
  if (fault.recoveredMs === null) {
    return faults.some(({ startMs }) => startMs > fault.startMs) ? 'overtaken' : 'never';
  }
  const bound = recoveryBoundMs(fault.kind);
  if (bound === null) {
    return 'unbounded';
  }
  return fault.recoveredMs <= bound ? 'within' : 'late';
}
