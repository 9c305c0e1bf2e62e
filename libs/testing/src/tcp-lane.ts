import type { Socket } from 'node:net';

/** What the link does to the bytes of one direction now. */
export interface LaneConditions {
  readonly delayMs: number;
  /** Over `delayMs`, for the end of the stream only. */
  readonly closeDelayMs: number;
  /** Nothing arrives, and nobody is told. */
  readonly isHeld: boolean;
}

export const clear: LaneConditions = { delayMs: 0, closeDelayMs: 0, isHeld: false };

type Step = { readonly does: 'bytes'; readonly bytes: Buffer } | { readonly does: 'end' } | { readonly does: 'reset' };

/** As much as a network with a window of this size keeps on its way; the sender is stopped then. */
const MOST_BYTES_ON_THE_WAY = 256 * 1_024;

/** One direction of one connection: what one side sends arrives at the other in order, as soon as the link lets it. */
export class TcpLane {
  private readonly onTheWay: { readonly step: Step; readonly dueAt: number }[] = [];
  private bytesOnTheWay = 0;
  private isCongested = false;
  private timer: NodeJS.Timeout | undefined;

  constructor(
    private readonly from: Socket,
    private readonly to: Socket,
    private readonly conditions: () => LaneConditions,
  ) {
    from.on('data', (bytes: Buffer) => this.enter({ does: 'bytes', bytes }));
    from.on('end', () => this.enter({ does: 'end' }));
    // The error itself is of no interest: a connection that broke on one side breaks on the other.
    from.on('error', () => this.enter({ does: 'reset' }));
    to.on('drain', () => {
      this.isCongested = false;
      this.move();
    });
    to.on('close', () => this.drop());
  }

  /** True while something that was sent has not arrived. */
  get isHolding(): boolean {
    return this.onTheWay.length > 0;
  }

  /** The conditions have become better: what is on its way arrives now. */
  release(): void {
    const steps = this.onTheWay.splice(0);
    this.onTheWay.push(...steps.map(({ step }) => ({ step, dueAt: 0 })));
    this.move();
  }

  private enter(step: Step): void {
    const { delayMs, closeDelayMs } = this.conditions();
    if (step.does === 'bytes') {
      this.bytesOnTheWay += step.bytes.length;
    }
    const delay = step.does === 'end' ? delayMs + closeDelayMs : delayMs;
    this.onTheWay.push({ step, dueAt: delay === 0 ? 0 : performance.now() + delay });
    this.move();
  }

  private move(): void {
    clearTimeout(this.timer);
    while (!this.isCongested && !this.conditions().isHeld) {
      const [next] = this.onTheWay;
      if (next === undefined) {
        break;
      }
      const waitMs = next.dueAt - performance.now();
      if (waitMs > 0) {
        this.timer = setTimeout(() => this.move(), Math.ceil(waitMs));
        break;
      }
      this.onTheWay.shift();
      this.arrive(next.step);
    }
    if (this.isCongested || this.bytesOnTheWay >= MOST_BYTES_ON_THE_WAY) {
      this.from.pause();
    } else {
      this.from.resume();
    }
  }

  private arrive(step: Step): void {
    switch (step.does) {
      case 'bytes':
        this.bytesOnTheWay -= step.bytes.length;
        // Whoever has gone meanwhile misses nothing.
        this.isCongested = this.to.writable && !this.to.write(step.bytes);
        return;
      case 'end':
        this.to.end();
        return;
      case 'reset':
        this.to.resetAndDestroy();
        return;
    }
  }

  /** Nobody is left to whom anything could arrive; the sender is not told, as its own lane does that. */
  private drop(): void {
    clearTimeout(this.timer);
    this.onTheWay.length = 0;
    this.bytesOnTheWay = 0;
    this.isCongested = false;
    this.from.resume();
  }
}
