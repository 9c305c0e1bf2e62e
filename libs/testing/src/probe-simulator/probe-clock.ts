import { setTimeout as sleep } from 'node:timers/promises';

/** Time as the simulator sees it; a spec has one of its own. */
export interface ProbeClock {
  now(): number;
  /** Resolves after `ms`, or as soon as the signal comes. */
  sleep(ms: number, signal: AbortSignal): Promise<void>;
}

export const systemProbeClock: ProbeClock = {
  now: () => performance.now(),
  sleep: (ms, signal) => sleep(Math.max(0, ms), undefined, { signal }).catch(() => undefined),
};
