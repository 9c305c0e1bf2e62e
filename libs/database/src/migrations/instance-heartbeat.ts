import { randomUUID } from 'node:crypto';
import { setTimeout as sleep } from 'node:timers/promises';
import type { Queryable } from './queryable.js';

export interface HeartbeatSettings {
  readonly database: Queryable;
  readonly service: string;
  /** For people: which process it is, and where. */
  readonly instance: string;
  readonly version: string;
  /** The moment of the newest migration of this build; see `schemaOf`. */
  readonly schema: number;
  /** Told when beats begin to fail, and when they succeed again. */
  readonly warn: (message: string, error?: unknown) => void;
  /** Told of each beat, so that one that never comes back is found: a contract would not wait for this process. */
  readonly progress?: { beat(quietMs?: number): void };
  /** Between two beats; 5 s. */
  readonly periodMs?: number;
}

const PERIOD_MS = 5_000;
/** A database that does not answer must not hold up a stop. */
const SIGN_OFF_MAX_MS = 2_000;
/** Of processes that were killed: kept for a while, for whoever looks for them. */
const FORGOTTEN_AFTER = '1 day';

/**
 * Tells the database that this process is alive and which schema it was built for, so that a contract waits for it.
 *
 * A beat that fails hurts nobody: it is told once, and tried again at the next.
 */
export class InstanceHeartbeat {
  private readonly process = randomUUID();
  private timer: NodeJS.Timeout | undefined;
  private beating: Promise<void> | undefined;
  private failing = false;
  private stopped = false;

  constructor(private readonly settings: HeartbeatSettings) {}

  /** Resolves after the first beat, whether or not it came through. */
  async start(): Promise<void> {
    if (!this.stopped) {
      this.beating ??= this.beat(true);
    }
    await this.beating;
  }

  /** Resolves when the row is gone, or could not be deleted: then it is dead after 20 s. */
  async stop(): Promise<void> {
    this.stopped = true;
    clearTimeout(this.timer);
    if (this.beating !== undefined) {
      await Promise.race([this.signOff(), sleep(SIGN_OFF_MAX_MS, undefined, { ref: false })]);
    }
  }

  private async signOff(): Promise<void> {
    await this.beating;
    try {
      await this.settings.database.query('DELETE FROM schema_instances WHERE process = $1', [this.process]);
    } catch (error) {
      this.settings.warn('this instance could not sign off from the database; a contract waits 20 s for it', error);
    }
  }

  private async beat(first: boolean): Promise<void> {
    const { database, service, instance, version, schema, warn, periodMs = PERIOD_MS } = this.settings;
    try {
      await database.query(
        `INSERT INTO schema_instances (process, service, instance, version, schema) VALUES ($1, $2, $3, $4, $5)
         ON CONFLICT (process) DO UPDATE SET seen_at = clock_timestamp()`,
        [this.process, service, instance, version, schema],
      );
      if (first) {
        await database.query(
          'DELETE FROM schema_instances WHERE service = $1 AND seen_at < clock_timestamp() - $2::interval',
          [service, FORGOTTEN_AFTER],
        );
      }
      if (this.failing) {
        this.failing = false;
        warn('the database hears of this instance again');
      }
    } catch (error) {
      if (!this.failing) {
        this.failing = true;
        warn('the database does not hear that this instance is alive; a contract would not wait for it', error);
      }
    }
    this.settings.progress?.beat(periodMs);
    if (!this.stopped) {
      this.timer = setTimeout(() => {
        this.beating = this.beat(false);
      }, periodMs);
      // A process that has nothing else to do may end.
      this.timer.unref();
    }
  }
}
