import { Inject, Injectable } from '@nestjs/common';
import { type BackgroundWorker, CONFIG, LOGGER, PeriodicWorker, type Progress } from '@waybill/service-defaults';
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
  private readonly rounds: PeriodicWorker;

  constructor(
    @Inject(DataSource) private readonly database: DataSource,
    @Inject(CONFIG) private readonly config: Pick<OrdersConfig, 'ORDERS_IDEMPOTENCY_TTL_MS'>,
    @Inject(LOGGER) log: CleanerLog,
  ) {
    this.rounds = new PeriodicWorker({
      name: this.name,
      intervalMs: INTERVAL_MS,
      round: (stopping, moved) => this.clean(stopping, moved),
      onError: (err) => log.warn({ err }, 'old idempotency keys could not be removed; trying again in a minute'),
    });
  }

  start(progress?: Progress): void {
    this.rounds.start(progress);
  }

  async stop(): Promise<void> {
    await this.rounds.stop();
  }

  private async clean(stopping: AbortSignal, moved: () => void): Promise<void> {
    const olderThan = new Date(Date.now() - this.config.ORDERS_IDEMPOTENCY_TTL_MS);
    let removed: number;
    do {
      removed = await removeIdempotencyKeys(this.database.manager, olderThan, BATCH);
      moved();
    } while (removed === BATCH && !stopping.aborted);
  }
}
