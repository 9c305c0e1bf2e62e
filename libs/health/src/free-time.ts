/**
 * A clock that stands still while nothing in this process can run: the event loop is blocked, or the process is stopped.
 *
 * `tick` is to be called every `tickMs`; an interval that came late counts as two at the most.
 */
export class FreeTime {
  private free = 0;
  private lastTick: number;

  constructor(
    private readonly tickMs: number,
    private readonly now: () => number,
  ) {
    this.lastTick = now();
  }

  tick(): void {
    this.free = this.read();
    this.lastTick = this.now();
  }

  read(): number {
    return this.free + Math.min(this.now() - this.lastTick, 2 * this.tickMs);
  }
}
