import { CheckRunner, type CheckState, type HealthCheck } from './check-runner.js';
import type { HealthLog } from './health-log.js';

/*
 * Whether the process may get work. Probes read memory: a hundred of them a second open no connection, and a
 * dependency that hangs cannot hang them.
 *
 *   starting ──started()──► running ──beginDraining()──► draining
 *
 * - live:    the process turns its event loop. No dependency: a restart mends none of them.
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
  readonly now?: () => number;
}

/** An answer to a probe. Names of checks, never hosts, errors or versions: those are in the log. */
export interface ProbeAnswer {
  readonly httpStatus: 200 | 503;
  readonly body: ProbeBody;
}

export interface ProbeBody {
  readonly status: 'live' | 'started' | 'starting' | 'ready' | 'degraded' | 'not ready' | 'draining';
  /** Hard checks that fail, or have not run yet. */
  readonly missing?: readonly string[];
  /** Soft checks that fail. */
  readonly degraded?: readonly string[];
  readonly checks?: Readonly<Record<string, { readonly state: CheckState; readonly ageMs: number }>>;
}

export class Health {
  private readonly runners: CheckRunner[] = [];
  private state: 'starting' | 'running' | 'draining' = 'starting';
  private timer: NodeJS.Timeout | undefined;

  constructor(private readonly options: HealthOptions) {}

  /** The check starts at once, so that the first probe finds an answer. */
  register(check: HealthCheck): void {
    const { log, timeoutMs = 1_000, now = () => performance.now() } = this.options;
    const runner = new CheckRunner(check, { log, timeoutMs, now });
    this.runners.push(runner);
    runner.run();
  }

  start(): void {
    this.timer ??= setInterval(() => this.runners.forEach((runner) => runner.run()), this.options.periodMs ?? 1_000);
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
    }
  }

  beginDraining(): void {
    this.state = 'draining';
  }

  live(): ProbeAnswer {
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
}
