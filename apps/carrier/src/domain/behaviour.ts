export const modes = ['ok', 'refuse', 'fail', 'silent'] as const;
export type Mode = (typeof modes)[number];

/** How the carrier misbehaves; changed at run time, forgotten at a restart. */
export interface Behaviour {
  /**
   * - `ok`: makes labels and deletes them
   * - `refuse`: definitely not: 422 for a label, 409 for a deletion
   * - `fail`: 503, and nothing was done
   * - `silent`: never answers, and nothing was done
   */
  readonly mode: Mode;
  /** How long it thinks before it does anything. */
  readonly delayMs: number;
  /** In mode `ok`: the share of calls that are carried out and answered with 503 all the same, from 0 to 1. */
  readonly failureRate: number;
}

export const wellBehaved: Behaviour = { mode: 'ok', delayMs: 0, failureRate: 0 };

/** True when the answer to a call that was carried out gets lost; `chance` is a random number in [0, 1). */
export function losesAnswer({ failureRate }: Behaviour, chance: number): boolean {
  return chance < failureRate;
}
