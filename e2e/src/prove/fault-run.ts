import { setTimeout as sleep } from 'node:timers/promises';
import type { Fault, World } from './faults/fault.js';
import { makeFault } from './faults/make-fault.js';
import type { PlannedFault } from './plan.js';
import { seededRandom } from './random.js';
import type { FaultSpan } from './record.js';
import { isClear } from './recovery.js';
import type { Sampler } from './sampler.js';

/** The longest that a fault waits for the platform to have recovered from the one before. */
const SETTLE_MAX_MS = 12_000;
/** And no more of a short run than this: others want their turn. */
const SETTLE_SHARE = 1 / 6;
const HEAL_ATTEMPTS = 3;

export interface FaultRunOptions {
  readonly plan: readonly PlannedFault[];
  readonly world: Omit<World, 'random'>;
  readonly sampler: Pick<Sampler, 'samples'>;
  readonly now: () => number;
  /** When the last order has been asked for: no fault begins after it. */
  readonly endMs: number;
  readonly signal: AbortSignal;
  readonly say: (line: string) => void;
}

/** Makes the planned faults, one after another, and takes each back. */
export async function runFaults(options: FaultRunOptions): Promise<FaultSpan[]> {
  const { plan, world, now, endMs, signal, say } = options;
  const spans: FaultSpan[] = [];
  for (const planned of plan) {
    await pause(planned.atMs - now(), signal);
    if (signal.aborted || now() > endMs) {
      break;
    }
    const fault = makeFault(planned.kind, { ...world, random: seededRandom(planned.seed) });
    say(`${fault.kind}: ${fault.target}, ${fault.detail}`);
    const startMs = now();
    await makeAndHeal(fault, signal);
    const { kind, target, detail } = fault;
    spans.push({ kind, target, detail, startMs, endMs: now(), recoveredMs: null });
    if (planned.settles) {
      await recovered(options);
    }
  }
  return spans;
}

async function makeAndHeal(fault: Fault, signal: AbortSignal): Promise<void> {
  let made: unknown;
  try {
    await fault.inject();
    await pause(fault.durationMs, signal);
  } catch (error) {
    made = error;
  }
  for (let attempt = 1; ; attempt++) {
    try {
      await fault.heal();
      break;
    } catch (error) {
      if (attempt === HEAL_ATTEMPTS) {
        throw new Error(`${fault.target} should run again after "${fault.detail}", and does not`, { cause: error });
      }
    }
  }
  if (made !== undefined) {
    throw new Error(`the fault "${fault.detail}" of ${fault.target} could not be made`, { cause: made });
  }
}

async function recovered({ sampler, now, endMs, signal }: FaultRunOptions): Promise<void> {
  const since = now();
  const settleMs = Math.min(SETTLE_MAX_MS, endMs * SETTLE_SHARE);
  while (!signal.aborted && now() - since < settleMs) {
    const last = sampler.samples.at(-1);
    if (last !== undefined && last.atMs > since && isClear(last.outboxRows, last.lag)) {
      return;
    }
    await pause(200, signal);
  }
}

async function pause(ms: number, signal: AbortSignal): Promise<void> {
  await sleep(Math.max(0, ms), undefined, { signal }).catch(() => undefined);
}
