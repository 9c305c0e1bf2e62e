export const modes = ['kill-before', 'kill-after', 'pause-before', 'pause-after', 'timeout'] as const;
/**
 * What happens at a call: the process is killed, or stopped until somebody lets it go on, before the call is made or when
 * its answer is there and nobody has seen it; or the call is made, and its caller is told of a time-out.
 */
export type TrapMode = (typeof modes)[number];

export interface Trap {
  readonly point: string;
  readonly mode: TrapMode;
}

/** One call that is about to go through a port. */
export interface PortCall<T> {
  readonly operation: string;
  readonly make: () => Promise<T>;
  /** What its caller hears when the answer is lost; absent where that is no case of its own, as for a read. */
  readonly lost?: () => Error;
}

export interface TrapsOptions {
  /** The name of the call that is being made, from the stack; undefined for one that does not count. */
  readonly nameOf: (operation: string) => string | undefined;
  /** Must be out when it returns: the process may be killed next. */
  readonly onSeen: (point: string, mayBeLost: boolean) => void;
  readonly onFired: (trap: Trap) => void;
  /** SIGKILL or SIGSTOP to this process; returns when it goes on. */
  readonly signal: (name: 'SIGKILL' | 'SIGSTOP') => void;
}

/** Lets every call through, tells of each kind of call once, and springs the one trap that is set, once. */
export class Traps {
  private readonly seen = new Set<string>();
  private trap: Trap | undefined;

  constructor(private readonly options: TrapsOptions) {}

  set(trap: Trap | undefined): void {
    this.trap = trap;
  }

  tellAgain(): void {
    this.seen.clear();
  }

  /** Must be called by whoever makes the call, in the same turn: its stack is the name. */
  through<T>({ operation, make, lost }: PortCall<T>): Promise<T> {
    const point = this.options.nameOf(operation);
    if (point === undefined) {
      return make();
    }
    this.tell(point, lost !== undefined);
    const { trap } = this;
    // A call of the same name that cannot be lost, such as one inside a transaction, is not the one that was meant.
    if (trap?.point !== point || (trap.mode === 'timeout' && lost === undefined)) {
      return make();
    }
    this.trap = undefined;
    switch (trap.mode) {
      case 'kill-before':
      case 'pause-before':
        this.spring(trap);
        return make();
      case 'kill-after':
      case 'pause-after':
        return make().finally(() => this.spring(trap));
      case 'timeout':
        return make().then(() => {
          this.options.onFired(trap);
          throw lost?.() ?? new Error('this call cannot be lost');
        });
    }
  }

  private tell(point: string, mayBeLost: boolean): void {
    const key = `${point}/${mayBeLost}`;
    if (!this.seen.has(key)) {
      this.seen.add(key);
      this.options.onSeen(point, mayBeLost);
    }
  }

  private spring(trap: Trap): void {
    this.options.onFired(trap);
    this.options.signal(trap.mode.startsWith('kill') ? 'SIGKILL' : 'SIGSTOP');
  }
}
