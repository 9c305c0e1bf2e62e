import { Inject, Injectable } from '@nestjs/common';
import { isDatabaseUnavailable, transaction } from '@waybill/database';
import { type BackgroundWorker, LOGGER, PeriodicWorker, type Progress } from '@waybill/service-defaults';
import { DataSource } from 'typeorm';
import { ExpireOrders, OrderNotExpiredError } from '../use-cases/expire-orders.js';
import { CLOCK, type Clock } from './clock.js';

/** Orders a transaction: far below what its session allows in time, and what others may have to wait for. */
const BATCH_MAX = 100;

/** What is used of the service's logger. */
export interface DeadlineTimerLog {
  warn(facts: object, message: string): void;
}

/**
 * Holds every order to its deadline.
 *
 * The timer is the row: the deadline stands in the database since the order was placed, and whichever instance looks
 * next finds it. Nothing waits in memory, so nothing is forgotten when a process dies, and a day's wait outlives any
 * number of restarts. A batch is one transaction: killed in the middle, it has not happened, and its locks are free.
 *
 * It is a door like HTTP and messaging: each transaction calls one use case.
 */
@Injectable()
export class DeadlineTimer implements BackgroundWorker {
  readonly name = 'deadline timer';
  /** A deadline is a matter of hours; that it is kept a second late is no matter. */
  protected readonly pollIntervalMs: number = 1_000;
  private rounds: PeriodicWorker | undefined;

  constructor(
    @Inject(DataSource) private readonly database: DataSource,
    @Inject(ExpireOrders) private readonly expireOrders: ExpireOrders,
    @Inject(CLOCK) private readonly clock: Clock,
    @Inject(LOGGER) private readonly log: DeadlineTimerLog,
  ) {}

  start(progress?: Progress): void {
    this.rounds ??= new PeriodicWorker({
      name: this.name,
      intervalMs: this.pollIntervalMs,
      round: (stopping, moved) => this.expireAll(stopping, moved),
      onError: (err) => this.log.warn({ err }, 'orders could not be held to their deadline; trying again at the next poll'),
    });
    this.rounds.start(progress);
  }

  /** Resolves when the batch in hand is done. */
  async stop(): Promise<void> {
    await this.rounds?.stop();
  }

  /** Batch after batch until none is full. An order that fails is left for the next round, and the others go on. */
  private async expireAll(stopping: AbortSignal, moved: () => void): Promise<void> {
    const except: string[] = [];
    let expired = BATCH_MAX;
    while (expired === BATCH_MAX && except.length < BATCH_MAX && !stopping.aborted) {
      const overdue = { at: this.clock(), limit: BATCH_MAX, except };
      try {
        expired = await transaction(this.database, (manager) => this.expireOrders.run(manager, overdue));
      } catch (error) {
        if (!(error instanceof OrderNotExpiredError) || isDatabaseUnavailable(error)) {
          throw error;
        }
        this.log.warn({ err: error, orderId: error.orderId }, 'an order could not be held to its deadline; going on without it');
        except.push(error.orderId);
      }
      moved();
    }
  }
}
