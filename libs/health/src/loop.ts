import type { Progress } from './progress.js';

export interface LoopOptions {
  readonly name: string;
  /** How long something may be in hand without getting on, and how long the loop may take to come round. */
  readonly stuckMs: number;
  /** Milliseconds in which the event loop was free: time in which nothing could run is nobody's fault. */
  readonly now: () => number;
}

export interface StuckLoop {
  readonly name: string;
  /** What it has in hand; absent: it does not come round. */
  readonly what?: string;
  readonly forMs: number;
}

export interface LoopReport {
  readonly state: 'not started' | 'idle' | 'busy' | 'paused' | 'stuck';
  /** Why it is paused. */
  readonly why?: string;
  readonly lastBeatMsAgo?: number;
  readonly inHand: readonly { readonly what: string; readonly forMs: number; readonly lastMovedMsAgo: number }[];
}

interface InHand {
  readonly what: string;
  readonly since: number;
  movedAt: number;
}

/**
 * What one loop has told of itself.
 *
 * | it | stuck |
 * | --- | --- |
 * | has had something in hand for longer than the bound, and that does not get on | yes: the promise is lost |
 * | has nothing in hand, and has not come round for longer than the bound | yes: the loop is dead |
 * | comes round and finds nothing to do, or fails and tries again | no |
 * | is paused | no, for as long as that takes |
 * | has not begun | no |
 */
export class Loop implements Progress {
  private readonly inHand = new Set<InHand>();
  private paused: string | undefined;
  private lastBeat: number | undefined;
  private dueAt = Infinity;

  constructor(private readonly options: LoopOptions) {}

  get name(): string {
    return this.options.name;
  }

  beat(quietMs = 0): void {
    this.lastBeat = this.options.now();
    this.dueAt = this.lastBeat + quietMs + this.options.stuckMs;
  }

  begin(what: string): () => void {
    const now = this.options.now();
    const hand: InHand = { what, since: now, movedAt: now };
    this.inHand.add(hand);
    return () => {
      if (this.inHand.delete(hand)) {
        this.beat();
      }
    };
  }

  moved(what: string): void {
    for (const hand of this.inHand) {
      if (hand.what === what) {
        hand.movedAt = this.options.now();
      }
    }
  }

  pause(why: string): void {
    this.paused = why;
  }

  resume(): void {
    if (this.paused === undefined) {
      return;
    }
    this.paused = undefined;
    for (const hand of this.inHand) {
      hand.movedAt = this.options.now();
    }
    if (this.lastBeat !== undefined) {
      this.beat();
    }
  }

  /** Why the process should be restarted on account of this loop, if it should. */
  stuck(): StuckLoop | undefined {
    if (this.paused !== undefined) {
      return undefined;
    }
    const { name, stuckMs, now } = this.options;
    const at = now();
    for (const { what, movedAt } of this.inHand) {
      if (at - movedAt > stuckMs) {
        return { name, what, forMs: Math.round(at - movedAt) };
      }
    }
    if (this.inHand.size === 0 && at > this.dueAt) {
      return { name, forMs: Math.round(at - (this.lastBeat ?? at)) };
    }
    return undefined;
  }

  report(): LoopReport {
    const at = this.options.now();
    return {
      state: this.state(),
      ...(this.paused === undefined ? {} : { why: this.paused }),
      ...(this.lastBeat === undefined ? {} : { lastBeatMsAgo: Math.round(at - this.lastBeat) }),
      inHand: [...this.inHand].map(({ what, since, movedAt }) => ({
        what,
        forMs: Math.round(at - since),
        lastMovedMsAgo: Math.round(at - movedAt),
      })),
    };
  }

  private state(): LoopReport['state'] {
    if (this.paused !== undefined) {
      return 'paused';
    }
    if (this.stuck() !== undefined) {
      return 'stuck';
    }
    if (this.inHand.size > 0) {
      return 'busy';
    }
    return this.lastBeat === undefined ? 'not started' : 'idle';
  }
}
