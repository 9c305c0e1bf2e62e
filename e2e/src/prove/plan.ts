import { between, branchOf, shuffled } from './random.js';

export const faultKinds = ['kill', 'pause', 'broker', 'database', 'network', 'carrier', 'rolling'] as const;
export type FaultKind = (typeof faultKinds)[number];

export interface PlannedFault {
  readonly kind: FaultKind;
  /** Not before this much of the run has gone by. */
  readonly atMs: number;
  /** Which of the faults of its kind, on whom, and for how long is drawn from this. */
  readonly seed: number;
  /** The next fault waits until everything has recovered, within bounds: so the recovery can be told. */
  readonly settles: boolean;
}

export interface PlanOptions {
  readonly kinds: readonly FaultKind[];
  /** How long orders come in. */
  readonly durationMs: number;
}

const FIRST_MS = 1_500;
/** Room for the shortest fault and what follows from it. */
const GAP_MS = { from: 3_000, to: 7_000 };
/** The last fault begins while orders still come. */
const LAST_BEFORE_END_MS = 1_500;

/**
 * Which faults there will be, and when: the same seed gives the same plan.
 *
 * Every kind comes up once before one comes up again. Faults follow one another; one that is still in force when the
 * next is due delays it.
 */
export function planFaults(seed: number, { kinds, durationMs }: PlanOptions): PlannedFault[] {
  const random = branchOf(seed, 'plan');
  const plan: PlannedFault[] = [];
  let deck: FaultKind[] = [];
  if (kinds.length === 0) {
    return plan;
  }
  for (let atMs = FIRST_MS; atMs <= Math.max(FIRST_MS, durationMs - LAST_BEFORE_END_MS); ) {
    if (deck.length === 0) {
      deck = shuffled(random, kinds);
    }
    const kind = deck.shift();
    if (kind === undefined) {
      break;
    }
    plan.push({ kind, atMs, seed: Math.floor(random() * 2 ** 32), settles: random() < 0.5 });
    atMs += between(random, GAP_MS.from, GAP_MS.to);
  }
  return plan;
}
