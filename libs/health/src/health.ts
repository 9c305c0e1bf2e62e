import { CheckRunner, type CheckState, type HealthCheck } from './check-runner.js';
import type { HealthLog } from './health-log.js';
import { Loop, type LoopReport, type StuckLoop } from './loop.js';
import type { Progress } from './progress.js';
import { withoutPasswords } from './redact.js';
import type { StallReport, StallWatch } from './stall-watch.js';

/*
 * Whether the process may get work, and whether a restart would mend it. Probes read memory: a hundred of them a second
 * open no connection, and a dependency that hangs cannot hang them.
 *
 *   starting ──started()──► running ──beginDraining()──► draining
 *
 * - live:    the event loop turns, and every loop of the process gets on. No dependency: a restart mends none of them.
 * - startup: it has started. No dependency either, so that nothing is killed for being early.
 * - ready:   started, not draining, and every hard check passed lately. A failing soft check is "degraded": the work is
 *            accepted and done later.
 */

export interface HealthOptions {
  readonly log: HealthLog;
  /** Between the starts of two runs of a check; 1 s. */
  readonly periodMs?: number;
  /** A check that takes longer has failed; 1 s. */
  readonly timeoutMs?: number;
  /** Watches the event loop; absent: nobody does. */
  readonly stalls?: StallWatch;
  /**
   * How long a loop may have something in hand that does not get on, or may not come round; 2 min. Longer than every
   * time-out of the code, or patience is taken for death.
   */
  readonly stuckMs?: number;
  readonly now?: () => number;
}

/** An answer to a probe. Names of checks and loops, never hosts, errors, versions or content: those are in the log. */
export interface ProbeAnswer {
  readonly httpStatus: 200 | 503;
  readonly body: ProbeBody;
}

export interface ProbeBody {
  readonly status: 'live' | 'stuck' | 'stalled' | 'started' | 'starting' | 'ready' | 'degraded' | 'not ready' | 'draining';
  /** Loops that do not get on. */
  readonly loops?: readonly string[];
  /** Hard checks that fail, or have not run yet. */
  readonly missing?: readonly string[];
  /** Soft checks that fail. */
  readonly degraded?: readonly string[];
  readonly checks?: Readonly<Record<string, { readonly state: CheckState; readonly ageMs: number }>>;
}

/** For authorised eyes only: reasons name hosts. */
export interface HealthDetail {
  readonly live: ProbeBody;
  readonly startup: ProbeBody;
  readonly ready: ProbeBody;
  readonly upMs: number;
  readonly checks: Readonly<Record<string, CheckDetail>>;
  readonly loops: Readonly<Record<string, LoopReport>>;
  /** Absent where nobody watches it. */
  readonly eventLoop?: StallReport;
}

export interface CheckDetail {
  readonly kind: HealthCheck['kind'];
  readonly state: CheckState;
  readonly ageMs: number;
  readonly why?: string;
}

const STUCK_MS = 120_000;

export class Health {
  private readonly runners: CheckRunner[] = [];
  private readonly loops: Loop[] = [];
  private readonly told = new Set<string>();
  private readonly now: () => number;
  private readonly bornAt: number;
  private state: 'starting' | 'running' | 'draining' = 'starting';
  private timer: NodeJS.Timeout | undefined;

  constructor(private readonly options: HealthOptions) {
    this.now = options.now ?? (() => performance.now());
    this.bornAt = this.now();
  }

  /** The check starts at once, so that the first probe finds an answer. */
  register(check: HealthCheck): void {
    const { log, timeoutMs = 1_000 } = this.options;
    const runner = new CheckRunner(check, { log, timeoutMs, now: this.now });
    this.runners.push(runner);
    runner.run();
  }

  /** What a loop is given, to tell how it gets on; liveness watches it from its first beat on. */
  loop(name: string): Progress {
    const { stuckMs = STUCK_MS, stalls } = this.options;
    const loop = new Loop({ name, stuckMs, now: stalls?.freeNow ?? this.now });
    this.loops.push(loop);
    return loop;
  }

  start(): void {
    this.timer ??= setInterval(() => this.turn(), this.options.periodMs ?? 1_000);
    // A process that has nothing else to do may end.
    this.timer.unref();
  }

  stop(): void {
    clearInterval(this.timer);
    this.timer = undefined;
  }

  started(): void {
    if (this.state === 'starting') {
      this.state = 'running';
      this.options.stalls?.started();
    }
  }

  beginDraining(): void {
    this.state = 'draining';
  }

  live(): ProbeAnswer {
    const stuck = this.stuck();
    if (stuck.length > 0) {
      return { httpStatus: 503, body: { status: 'stuck', loops: stuck.map(({ name }) => name) } };
    }
    if (this.options.stalls?.failedMs !== undefined) {
      return { httpStatus: 503, body: { status: 'stalled' } };
    }
    return { httpStatus: 200, body: { status: 'live' } };
  }

  startup(): ProbeAnswer {
    return this.state === 'starting'
      ? { httpStatus: 503, body: { status: 'starting' } }
      : { httpStatus: 200, body: { status: 'started' } };
  }

  ready(): ProbeAnswer {
    if (this.state === 'draining') {
      return { httpStatus: 503, body: { status: 'draining' } };
    }
    const bad = this.runners.filter((runner) => runner.state !== 'up');
    const missing = bad.filter(({ check }) => check.kind === 'hard').map(({ check }) => check.name);
    const degraded = bad.filter(({ check }) => check.kind === 'soft').map(({ check }) => check.name);
    const checks = Object.fromEntries(
      this.runners.map((runner) => [runner.check.name, { state: runner.state, ageMs: runner.ageMs() }]),
    );
    if (this.state === 'starting' || missing.length > 0) {
      return { httpStatus: 503, body: { status: 'not ready', missing, checks } };
    }
    return degraded.length > 0
      ? { httpStatus: 200, body: { status: 'degraded', degraded, checks } }
      : { httpStatus: 200, body: { status: 'ready', checks } };
  }

  detail(): HealthDetail {
    const { stalls } = this.options;
    return {
      live: this.live().body,
      startup: this.startup().body,
      ready: this.ready().body,
      upMs: Math.round(this.now() - this.bornAt),
      checks: Object.fromEntries(this.runners.map((runner) => [runner.check.name, detailOf(runner)])),
      loops: Object.fromEntries(this.loops.map((loop) => [loop.name, loop.report()])),
      ...(stalls === undefined ? {} : { eventLoop: stalls.report() }),
    };
  }

  private turn(): void {
    for (const runner of this.runners) {
      runner.run();
    }
    this.tellStuck();
  }

  /** While it drains, loops come to their end one after another; the deadline of the stop judges them. */
  private stuck(): StuckLoop[] {
    return this.state === 'draining' ? [] : this.loops.flatMap((loop) => loop.stuck() ?? []);
  }

  /** One line when a loop is found stuck, and one if it goes on after all. */
  private tellStuck(): void {
    const { log } = this.options;
    const stuck = this.stuck();
    for (const { name, what, forMs } of stuck) {
      if (!this.told.has(name)) {
        this.told.add(name);
        log.warn(`${name} is stuck: this process is not live until it gets on`, { loop: name, forMs, ...(what === undefined ? {} : { inHand: what }) });
      }
    }
    for (const name of this.told) {
      if (!stuck.some((each) => each.name === name)) {
        this.told.delete(name);
        log.info(`${name} gets on again`, { loop: name });
      }
    }
  }
}

function detailOf(runner: CheckRunner): CheckDetail {
  const { check, state, reason } = runner;
  return {
    kind: check.kind,
    state,
    ageMs: runner.ageMs(),
    ...(reason === undefined ? {} : { why: withoutPasswords(reason) }),
  };
}
