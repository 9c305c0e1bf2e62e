import { setTimeout as sleep } from 'node:timers/promises';
import { activeResources } from './active-resources.js';
import { WorkInHand } from './work-in-hand.js';

/*
 * Stops a process without losing what it has begun.
 *
 *   running ──signal──► readiness ► drain ► intake ► in-flight ► servers ► connections ► database ──► exit 0
 *                          │                                                                │
 *                          └───── the time-out after the drain: say what is held, exit 1 ◄──┘
 *
 * - Readiness goes first and the drain keeps serving: balancers learn of a stop with a delay, and a request that comes
 *   meanwhile must be answered (measured: without the drain 3 to 9 % of the requests of a rolling restart fail).
 * - The database goes last: whatever is being finished may still have to be stored.
 * - The steps of one phase run at the same time. One that fails is logged, the others go on, and the exit code is 1.
 * - The deadline is ours, and comes before the supervisor's: SIGKILL says nothing of what was held.
 */
export const phases = ['readiness', 'drain', 'intake', 'in-flight', 'servers', 'connections', 'database'] as const;
export type Phase = (typeof phases)[number];

export interface ShutdownLog {
  info(message: string, facts?: object): void;
  warn(message: string, facts?: object): void;
  error(message: string, facts?: object): void;
}

export interface GracefulShutdownOptions {
  /** How long to go on serving after readiness went off; 0 where nothing balances. */
  readonly drainMs: number;
  /** After the drain: everything must have stopped by then, or the process exits with 1. */
  readonly timeoutMs: number;
  readonly log: ShutdownLog;
  readonly exit?: (code: number) => void;
  readonly clock?: Clock;
}

export interface Clock {
  sleep(ms: number): Promise<void>;
  /**
   * Calls `run` once after `ms`; returns what cancels it. Keeps the process alive: a stop that waits for what will never
   * come would otherwise end by itself as soon as nothing else is open, and with 0.
   */
  after(ms: number, run: () => void): () => void;
}

/** What a process tells of its end; `process` is one. */
export interface SignalSource {
  on(event: string, listener: (detail: unknown) => void): unknown;
}

type Step = () => void | Promise<void>;

const systemClock: Clock = {
  sleep: (ms) => sleep(ms),
  after: (ms, run) => {
    const timer = setTimeout(run, ms);
    return () => clearTimeout(timer);
  },
};

export class GracefulShutdown {
  /** Requests and handlers that have begun and not ended. */
  readonly work = new WorkInHand();
  private readonly steps = new Map<Phase, Map<string, Step>>(phases.map((phase) => [phase, new Map<string, Step>()]));
  private readonly unfinished = new Set<string>();
  private readonly clock: Clock;
  private readonly exit: (code: number) => void;
  private phase: Phase | undefined;
  private stopping: Promise<void> | undefined;
  private exitCode = 0;

  constructor(private readonly options: GracefulShutdownOptions) {
    this.clock = options.clock ?? systemClock;
    this.exit = options.exit ?? ((code) => process.exit(code));
    this.on('drain', 'drain', () => this.clock.sleep(options.drainMs));
    this.on('in-flight', 'work in hand', () => this.work.finished());
  }

  /** True from the first moment of the stop: new work should be turned away, connections should be closed. */
  get isStopping(): boolean {
    return this.stopping !== undefined;
  }

  /**
   * Adds a step. A process that is told to stop while it starts goes on adding: what comes while its phase runs belongs to
   * it, and what comes later runs at once, with the phase that is on.
   */
  on(phase: Phase, name: string, step: Step): void {
    const isOver = this.phase !== undefined && phases.indexOf(phase) < phases.indexOf(this.phase);
    const [at, key] = isOver && this.phase !== undefined ? [this.phase, `${name} (${phase})`] : [phase, name];
    this.steps.get(at)?.set(key, step);
  }

  /** SIGTERM and SIGINT stop; a second SIGINT, a person's, does not wait; what nobody caught stops with exit code 1. */
  listenTo(source: SignalSource): void {
    source.on('SIGTERM', () => {
      if (this.isStopping) {
        this.options.log.info('SIGTERM came again; the stop is under way');
      }
      void this.stop('SIGTERM');
    });
    source.on('SIGINT', () => {
      if (this.isStopping) {
        this.giveUp('SIGINT came again');
        return;
      }
      void this.stop('SIGINT');
    });
    source.on('uncaughtException', (error) => this.fail('an error that nobody caught', error));
    source.on('unhandledRejection', (error) => this.fail('a rejected promise that nobody awaited', error));
  }

  /** Stops everything, once; resolves when `exit` was called. */
  stop(reason: string, exitCode = 0): Promise<void> {
    this.exitCode = Math.max(this.exitCode, exitCode);
    this.stopping ??= this.run(reason);
    return this.stopping;
  }

  private fail(what: string, error: unknown): void {
    this.options.log.error(`${what}: the process stops`, { err: error });
    void this.stop(what, 1);
  }

  private async run(reason: string): Promise<void> {
    this.options.log.info('stopping', { reason, drainMs: this.options.drainMs, timeoutMs: this.options.timeoutMs });
    const cancelDeadline = this.clock.after(this.options.drainMs + this.options.timeoutMs, () =>
      this.giveUp(`the time-out of ${this.options.timeoutMs} ms has passed`),
    );
    const tookMs: Partial<Record<Phase, number>> = {};
    for (const phase of phases) {
      this.phase = phase;
      const beganAt = performance.now();
      await this.runPhase(this.steps.get(phase) ?? new Map<string, Step>());
      tookMs[phase] = Math.round(performance.now() - beganAt);
    }
    cancelDeadline();
    this.options.log.info('stopped', { exitCode: this.exitCode, tookMs });
    this.exit(this.exitCode);
  }

  /** Steps that are added while the phase runs belong to it, too. */
  private async runPhase(steps: Map<string, Step>): Promise<void> {
    const done = new Set<string>();
    for (;;) {
      const open = [...steps].filter(([name]) => !done.has(name));
      if (open.length === 0) {
        return;
      }
      await Promise.all(open.map(([name, step]) => this.runStep(name, step)));
      for (const [name] of open) {
        done.add(name);
      }
    }
  }

  private async runStep(name: string, step: Step): Promise<void> {
    this.unfinished.add(name);
    try {
      await step();
    } catch (error) {
      this.exitCode = 1;
      this.options.log.error('a step of the stop failed; the others go on', { phase: this.phase, step: name, err: error });
    } finally {
      this.unfinished.delete(name);
    }
  }

  private giveUp(why: string): void {
    this.options.log.error(`${why}: the process ends with work in hand`, {
      phase: this.phase,
      unfinishedSteps: [...this.unfinished],
      workInHand: this.work.list(),
      activeResources: activeResources(),
    });
    this.exit(1);
  }
}
