import type { Service } from '@waybill/contracts';
import type { CrashPoint } from './survey.js';
import { modes,type TrapMode } from './trap.js';

/** One thing done to one point, in one service. */
export interface Trial {
  readonly point: CrashPoint;
  readonly mode: TrapMode;
  readonly service: Service;
}

export interface TrialResult extends Trial {
  /** `not reached`: the platform did not come by in time, and nothing is shown. */
  readonly outcome: 'went on' | 'not reached' | 'did not go on';
  readonly detail: string | null;
  readonly startMs: number;
  /** The trap sprang; null when it did not. */
  readonly firedMs: number | null;
  /** What was killed runs again, what was stopped goes on. */
  readonly endMs: number;
}

export type TrialKind = 'kill' | 'pause' | 'timeout';
export const trialKinds: readonly TrialKind[] = ['kill', 'pause', 'timeout'];

/**
 * What is to be done, by service. A point that several services have is taken in the one with the least to do.
 *
 * A pause after a call that changes nothing for others is a pause before the next one, so only a call whose answer can be
 * lost is stopped at both sides.
 */
export function trialsOf(points: readonly CrashPoint[], kinds: readonly TrialKind[]): ReadonlyMap<Service, readonly Trial[]> {
  const lanes = new Map<Service, Trial[]>();
  // Who has least choice chooses first.
  for (const point of points.toSorted((a, b) => a.services.length - b.services.length || a.number - b.number)) {
    const size = (service: Service) => lanes.get(service)?.length ?? 0;
    const [service] = point.services.toSorted((a, b) => size(a) - size(b));
    if (service !== undefined) {
      const trials = modes.filter((mode) => isTaken(point, mode, kinds)).map((mode) => ({ point, mode, service }));
      lanes.set(service, [...(lanes.get(service) ?? []), ...trials]);
    }
  }
  return lanes;
}

function isTaken({ mayBeLost }: CrashPoint, mode: TrapMode, kinds: readonly TrialKind[]): boolean {
  return kinds.some((kind) => mode.startsWith(kind)) && (mayBeLost || !['pause-after', 'timeout'].includes(mode));
}
