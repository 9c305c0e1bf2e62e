import { setTimeout as sleep } from 'node:timers/promises';
import { checkOut } from '@waybill/database';
import type { DataSource } from 'typeorm';
import type { PlainLog } from './service-logger.js';

const BACKOFF_MS = 100;
const BACKOFF_MAX_MS = 2_000;
/** A little less than the health check may take, so that it tells itself what failed. */
const CHECK_TIMEOUT_MS = 900;

/**
 * Connects the data source in the background, for ever, so that a service starts while its database is away.
 *
 * Once it has been connected, the pool makes new connections by itself, and nothing is left to do here.
 */
export class DatabaseLink {
  private readonly stopping = new AbortController();
  private connecting: Promise<void> | undefined;
  private attempted: () => void = () => undefined;
  private readonly firstAttempt = new Promise<void>((resolve) => {
    this.attempted = resolve;
  });
  private lastError: Error | undefined;

  constructor(
    private readonly dataSource: DataSource,
    private readonly log: PlainLog,
  ) {}

  /** Returns at once. `connected` is called once, as soon as the database is there. */
  start(connected: () => void): void {
    this.connecting ??= this.connect(connected);
  }

  /** Resolves when it has tried for the first time, whatever came of it: no verdict is about how young the process is. */
  attemptedOnce(): Promise<void> {
    return this.firstAttempt;
  }

  /** The health check: a connection can be had from the pool, and it answers. */
  async check(): Promise<void> {
    await this.attemptedOnce();
    if (!this.dataSource.isInitialized) {
      throw this.lastError ?? new Error('not connected yet');
    }
    await checkOut(this.dataSource, CHECK_TIMEOUT_MS);
  }

  /** Ends the attempts, or closes the pool once nothing uses it. */
  async stop(): Promise<void> {
    this.stopping.abort();
    await this.connecting;
    if (this.dataSource.isInitialized) {
      await this.dataSource.destroy();
    }
  }

  private async connect(connected: () => void): Promise<void> {
    for (let attempt = 1; !this.stopping.signal.aborted; attempt++) {
      try {
        await this.dataSource.initialize();
        this.log.info('connected to the database', { attempts: attempt });
        connected();
        return;
      } catch (error) {
        this.report(error, attempt);
      } finally {
        this.attempted();
      }
      const waitMs = Math.min(BACKOFF_MS * 2 ** (attempt - 1), BACKOFF_MAX_MS) * (0.5 + Math.random() / 2);
      await sleep(waitMs, undefined, { signal: this.stopping.signal }).catch(() => undefined);
    }
  }

  /** A wrong password will not mend itself, but somebody will mend it: the service waits, and says so now and then. */
  private report(error: unknown, attempt: number): void {
    this.lastError = error instanceof Error ? error : new Error(String(error));
    if (attempt === 1 || attempt % 15 === 0) {
      this.log.warn('no connection to the database; it is tried again', { attempts: attempt, err: error });
    }
  }
}
