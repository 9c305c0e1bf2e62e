const FIRST_MS = 500;
const LONGEST_MS = 30_000;
/** Whoever has run for that long starts anew at the shortest pause. */
const GOOD_RUN_MS = 30_000;

/** The pauses before a crashed program is started again: 0.5 s, 1 s, 2 s ... 30 s. */
export class RestartBackoff {
  private crashes = 0;

  nextMs(ranForMs: number): number {
    this.crashes = ranForMs >= GOOD_RUN_MS ? 1 : this.crashes + 1;
    return Math.min(FIRST_MS * 2 ** (this.crashes - 1), LONGEST_MS);
  }
}
