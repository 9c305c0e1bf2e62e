import { setTimeout as sleep } from 'node:timers/promises';
import { Inject, Injectable } from '@nestjs/common';
import { type BackgroundWorker, CONFIG, LOGGER } from '@waybill/service-defaults';
import { DataSource } from 'typeorm';
import type { OrdersConfig } from '../config.js';
import { removeIdempotencyKeys } from './idempotency-keys.js';

/** Rows a statement: short enough that nobody notices. */
const BATCH = 1_000;
const INTERVAL_MS = 60_000;

/** What is used of the service's logger. */
interface CleanerLog {
  warn(facts: object, message: string): void;
}

/** Removes the keys that grew too old, a bounded batch at a time; several instances share the work. */
@Injectable()
export class IdempotencyKeyCleaner implements BackgroundWorker {
  readonly name = 'idempotency key cleaner';
  private readonly stopping = new AbortController();
  private running: Promise<void> | undefined;

  constructor(
    @Inject(DataSource) private readonly database: DataSource,
    @Inject(CONFIG) private readonly config: Pick<OrdersConfig, 'ORDERS_IDEMPOTENCY_TTL_MS'>,
    @Inject(LOGGER) private readonly log: CleanerLog,
  ) {}

  start(): void {
    this.running ??= this.run();
  }

  async stop(): Promise<void> {
    this.stopping.abort();
    await this.running;
  }

  private async run(): Promise<void> {
    const { signal } = this.stopping;
    while (!signal.aborted) {
      await this.clean();
      // Interrupted by the stop.
      await sleep(INTERVAL_MS, undefined, { signal }).catch(() => undefined);
    }
  }

  private async clean(): Promise<void> {
    const olderThan = new Date(Date.now() - this.config.ORDERS_IDEMPOTENCY_TTL_MS);
    try {
      let removed: number;
      do {
        removed = await removeIdempotencyKeys(this.database.manager, olderThan, BATCH);
      } while (removed === BATCH && !this.stopping.signal.aborted);
    } catch (error) {
      this.log.warn({ err: error }, 'old idempotency keys could not be removed; trying again in a minute');
    }
  }
}
