import type { HealthLog } from './health-log.js';

export interface HealthCheck {
  readonly name: string;
  /** hard: without it no work can be accepted. soft: work is accepted and waits. */
  readonly kind: 'hard' | 'soft';
  /** Resolves when the dependency is well. */
  check(): Promise<void>;
}

/** `unknown` before the first answer; it counts as down. */
export type CheckState = 'unknown' | 'up' | 'down';

interface CheckRunnerOptions {
  readonly log: HealthLog;
  readonly timeoutMs: number;
  readonly now: () => number;
}

/** Reasons told of one outage; some errors have a text of their own each time. */
const REASONS_MAX = 5;

/** Runs one check, never twice at the same time: a dependency that hangs must not collect waiting connections. */
export class CheckRunner {
  state: CheckState = 'unknown';
  /** Why it is down; for authorised eyes: errors name hosts. */
  reason: string | undefined;
  /** Reasons that were told since it was last up. */
  private readonly told = new Set<string>();
  private answeredAt: number;
  private busy = false;

  constructor(
    readonly check: HealthCheck,
    private readonly options: CheckRunnerOptions,
  ) {
    this.answeredAt = options.now();
  }

  /** Milliseconds since the state was last found to be so. */
  ageMs(): number {
    return Math.round(this.options.now() - this.answeredAt);
  }

  run(): void {
    if (!this.busy) {
      this.busy = true;
      void this.runOnce().finally(() => {
        this.busy = false;
      });
    }
  }

  /** Settles when the check itself has settled, however late; the verdict comes with the time-out at the latest. */
  private async runOnce(): Promise<void> {
    const { timeoutMs } = this.options;
    const timer = setTimeout(() => this.answer('down', `no answer within ${timeoutMs} ms`), timeoutMs).unref();
    const startedAt = this.options.now();
    try {
      await this.check.check();
      if (this.options.now() - startedAt < timeoutMs) {
        this.answer('up');
      }
    } catch (error) {
      this.answer('down', error);
    } finally {
      clearTimeout(timer);
    }
  }

  /** A line for each reason: what is not connected yet may turn out to lack a migration. */
  private tellDown(): void {
    const { name, kind } = this.check;
    const why = this.reason ?? '';
    if (!this.told.has(why) && this.told.size < REASONS_MAX) {
      this.told.add(why);
      this.options.log.warn(`${name} is not available`, { check: name, kind, why });
    }
  }

  private answer(state: 'up' | 'down', why?: unknown): void {
    this.answeredAt = this.options.now();
    this.reason = state === 'down' ? reasonOf(why) : undefined;
    const { name, kind } = this.check;
    if (state === 'down') {
      this.tellDown();
    } else if (this.state !== 'up') {
      this.told.clear();
      this.options.log.info(`${name} is available`, { check: name, kind });
    }
    this.state = state;
  }
}

function reasonOf(why: unknown): string {
  if (!(why instanceof Error)) {
    return String(why);
  }
  // pg reports a refused connection to a name with two addresses as an AggregateError without a message.
  const code = (why as { code?: unknown }).code;
  return why.message || (typeof code === 'string' ? code : why.name);
}
