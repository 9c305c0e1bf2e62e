/** How often a failing event is tried, and when. */
export interface RetrySchedule {
  /** Attempts at once, before the event is parked; 3. */
  readonly inPlaceMax: number;
  /** All attempts, those in place included; then the event is dead. 12. */
  readonly attemptsMax: number;
  /** Before the first attempt from the parking place; twice as long with each further one. 500 ms. */
  readonly backoffMs: number;
  /** 60 s. */
  readonly backoffMaxMs: number;
}

export const retrySchedule: RetrySchedule = { inPlaceMax: 3, attemptsMax: 12, backoffMs: 500, backoffMaxMs: 60_000 };

const IN_PLACE_BACKOFF_MS = 20;

/** The pause between two attempts in place: short, because the partition waits meanwhile. */
export function inPlacePauseMs(attempt: number): number {
  return jittered(IN_PLACE_BACKOFF_MS * 4 ** (attempt - 1));
}

/** The pause before a parked event is tried again, after this many attempts. */
export function retryAfterMs({ inPlaceMax, backoffMs, backoffMaxMs }: RetrySchedule, attempts: number): number {
  const doublings = Math.min(Math.max(attempts - inPlaceMax, 0), 30);
  return jittered(Math.min(backoffMs * 2 ** doublings, backoffMaxMs));
}

/** The longest that an event can take from its first attempt until it is dead, an operator's work left aside. */
export function retryBudgetMs(schedule: RetrySchedule): number {
  const parkedAttempts = Math.max(schedule.attemptsMax - schedule.inPlaceMax, 0);
  return parkedAttempts * schedule.backoffMaxMs;
}

/** Anywhere in the upper half, so that what failed together does not come back together. */
function jittered(ms: number): number {
  return Math.round(ms / 2 + Math.random() * (ms / 2));
}
