import { setTimeout as sleep } from 'node:timers/promises';
import pg from 'pg';
import { sqlStateOf } from '../database-errors.js';
import type { LoadStatement } from './load-statements.js';

export interface LoadOptions {
  readonly url: string;
  readonly statements: readonly LoadStatement[];
  /** Statements a second, whether or not the earlier ones have been answered. */
  readonly ratePerSecond: number;
  readonly connections: number;
  /** Rows that there are, from number 1 on. */
  readonly rows: number;
  /** The number of the first row that is inserted. */
  readonly firstNew: number;
}

/** One statement of the load: when it was due, by performance.now(), and how long after that it was answered. */
export interface Answer {
  readonly kind: LoadStatement['kind'];
  readonly dueMs: number;
  readonly latencyMs: number;
}

export interface LoadResult {
  readonly answers: readonly Answer[];
  readonly failed: number;
  /** Of the first that failed, and its statement. */
  readonly failure?: string;
  /** The number of the next row that would be inserted. */
  readonly nextNew: number;
}

const DEADLOCK = '40P01';
/** A prime: the rows that are there are met all over the table, in no order that a cache would like. */
const STRIDE = 7_919;

/**
 * Clients that come at a fixed rate. Latency counts from the moment at which a statement was due, not from that at which
 * it could be sent: behind a lock a queue grows, and everybody in it waits (the "coordinated omission" of closed loops).
 */
export class Load {
  private readonly answers: Answer[] = [];
  private readonly startedMs = performance.now();
  private next = 0;
  private endMs = Infinity;
  private failed = 0;
  private failure: string | undefined;
  private readonly workers: Promise<void>[];

  private constructor(
    private readonly options: LoadOptions,
    private readonly clients: readonly pg.Client[],
  ) {
    this.workers = clients.map((client) => this.work(client));
  }

  /** Resolves when the clients are connected and the first statement is on its way. */
  static async start(options: LoadOptions): Promise<Load> {
    const clients = Array.from({ length: options.connections }, () => {
      // No lock_timeout: a writer that gives up would hide how long it would have waited.
      const client = new pg.Client({ connectionString: options.url, application_name: 'waybill-rehearsal-load' });
      client.on('error', () => undefined);
      return client;
    });
    await Promise.all(clients.map((client) => client.connect()));
    return new Load(options, clients);
  }

  /** Sends no more, waits for what is due already, and tells what became of all of it. */
  async stop(): Promise<LoadResult> {
    this.endMs = performance.now();
    await Promise.all(this.workers);
    await Promise.all(this.clients.map((client) => client.end()));
    return {
      answers: this.answers,
      failed: this.failed,
      ...(this.failure === undefined ? {} : { failure: this.failure }),
      nextNew: this.options.firstNew + this.next,
    };
  }

  /** Takes whatever is due next: whoever is free first answers it. */
  private async work(client: pg.Client): Promise<void> {
    const { statements, ratePerSecond, rows, firstNew } = this.options;
    for (;;) {
      const number = this.next++;
      const statement = statements[number % statements.length];
      const dueMs = this.startedMs + (number * 1_000) / ratePerSecond;
      const waitMs = dueMs - performance.now();
      if (waitMs > 0) {
        await sleep(waitMs);
      }
      if (statement === undefined || dueMs > this.endMs) {
        return;
      }
      try {
        await untilNoDeadlock(() => client.query(statement.text, [firstNew + number, 1 + ((number * STRIDE) % rows)]));
        this.answers.push({ kind: statement.kind, dueMs, latencyMs: performance.now() - dueMs });
      } catch (error) {
        this.failed++;
        this.failure ??= `${error instanceof Error ? error.message : String(error)}: ${statement.text.replace(/\s+/g, ' ')}`;
      }
    }
  }
}

/** As `transaction` does for the services: what was a deadlock's victim comes again, and its wait counts. */
async function untilNoDeadlock(work: () => Promise<unknown>): Promise<void> {
  for (;;) {
    try {
      await work();
      return;
    } catch (error) {
      if (sqlStateOf(error) !== DEADLOCK) {
        throw error;
      }
    }
  }
}
