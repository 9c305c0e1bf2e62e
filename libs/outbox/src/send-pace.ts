export interface SendPaceOptions {
  /** Rows a second above which sends are spaced; 100. */
  readonly busyRowsPerSecond?: number;
  /** From the start of one send to the start of the next while it is busy; 25 ms. */
  readonly spacingMs?: number;
}

const WINDOW_MS = 1_000;

/**
 * How long a relay with little in hand waits before its next send: not at all while it is quiet; under load so long that
 * rows gather.
 *
 * A send costs the relay, Kafka and every consumer behind it about a millisecond, whether it carries one record or fifty.
 * On a full machine sends of one record are what fills it. A full batch never waits.
 */
export class SendPace {
  private readonly busyRows: number;
  private readonly spacingMs: number;
  private windowStart = Number.NEGATIVE_INFINITY;
  private rows = 0;
  private rowsBefore = 0;
  private lastSend = Number.NEGATIVE_INFINITY;

  constructor({ busyRowsPerSecond = 100, spacingMs = 25 }: SendPaceOptions = {}) {
    this.busyRows = (busyRowsPerSecond * WINDOW_MS) / 1_000;
    this.spacingMs = spacingMs;
  }

  /** A send of so many rows begins now; `now` in monotonic milliseconds. */
  sends(rows: number, now: number): void {
    this.turnWindow(now);
    this.rows += rows;
    this.lastSend = now;
  }

  /** Milliseconds until the next send should begin, 0 to `spacingMs`. */
  waitMs(now: number): number {
    this.turnWindow(now);
    const isBusy = Math.max(this.rows, this.rowsBefore) > this.busyRows;
    return isBusy ? Math.min(Math.max(0, this.lastSend + this.spacingMs - now), this.spacingMs) : 0;
  }

  private turnWindow(now: number): void {
    const age = now - this.windowStart;
    if (age >= 0 && age < WINDOW_MS) {
      return;
    }
    // Two windows ago says nothing; nor does a window of before the clock jumped back.
    this.rowsBefore = age >= 0 && age < 2 * WINDOW_MS ? this.rows : 0;
    this.rows = 0;
    this.windowStart = now;
  }
}
