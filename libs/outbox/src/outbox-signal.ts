import type pg from 'pg';
import type { DataSource, EntitySubscriberInterface, QueryRunner } from 'typeorm';

/*
 * How a relay learns of new rows within milliseconds.
 *
 * In the same process: a call, after the commit. In other processes: NOTIFY, sent after the commit on a connection of
 * its own, at once and then at most once in 5 ms. Never inside the writers' transactions: measured, NOTIFY there halves
 * their throughput, because commits that notify queue on one database-wide lock. A lost signal costs one poll.
 */

const CHANNEL = 'waybill_outbox';
const COALESCE_MS = 5;
const RECONNECT_MS = 1_000;

const MARK = 'waybillOutbox';

interface RunnerData {
  [MARK]?: boolean;
}

/** Remembers on the transaction's own runner that it wrote to the outbox. */
export function markForWakeUp(runner: QueryRunner): void {
  (runner.data as RunnerData)[MARK] = true;
}

export interface OutboxSignalOptions {
  /** Opens a connection of its own, for LISTEN and NOTIFY; absent: only this process is woken. */
  readonly connect?: () => Promise<pg.Client>;
  readonly log?: (message: string, error: unknown) => void;
}

export class OutboxSignal {
  private readonly listeners = new Set<() => void>();
  private client: pg.Client | undefined;
  private reconnect: NodeJS.Timeout | undefined;
  private connecting: Promise<void> | undefined;
  private coalesce: NodeJS.Timeout | undefined;
  private notifying = false;
  private again = false;
  private stopped = false;
  /** True while the relay in this process owns every shard: then nobody else needs to be told. */
  relayOwnsAll: () => boolean = () => false;

  constructor(private readonly options: OutboxSignalOptions = {}) {}

  start(): void {
    this.connect();
  }

  async stop(): Promise<void> {
    this.stopped = true;
    clearTimeout(this.reconnect);
    clearTimeout(this.coalesce);
    await this.connecting;
    await this.client?.end().catch(() => undefined);
    this.client = undefined;
  }

  onWake(listener: () => void): () => void {
    this.listeners.add(listener);
    return () => this.listeners.delete(listener);
  }

  /** Wakes the relays after each commit that appended. Call it once, after `dataSource.initialize()`. */
  watch(dataSource: DataSource): void {
    const subscriber: EntitySubscriberInterface = {
      afterTransactionCommit: ({ queryRunner }) => {
        const data = queryRunner.data as RunnerData;
        // A released savepoint is reported as a commit, too; the rows are not visible before the real one.
        if (data[MARK] === true && !queryRunner.isTransactionActive) {
          data[MARK] = false;
          this.committed();
        }
      },
    };
    dataSource.subscribers.push(subscriber);
  }

  /** Rows were committed: wakes the relay here, and those elsewhere. */
  committed(): void {
    this.wakeHere();
    if (!this.relayOwnsAll()) {
      this.wakeOthers();
    }
  }

  private wakeHere(): void {
    for (const listener of this.listeners) {
      listener();
    }
  }

  private wakeOthers(): void {
    if (this.coalesce !== undefined || this.notifying) {
      this.again = true;
      return;
    }
    void this.notify();
    this.coalesce = setTimeout(() => {
      this.coalesce = undefined;
      this.wakeAgain();
    }, COALESCE_MS);
  }

  /** The writer does not wait for it; a lost signal is made good by the poll. One at a time: pg has no queue to rely on. */
  private async notify(): Promise<void> {
    this.notifying = true;
    await this.client?.query(`NOTIFY ${CHANNEL}`).catch(() => undefined);
    this.notifying = false;
    this.wakeAgain();
  }

  private wakeAgain(): void {
    if (this.again && !this.stopped) {
      this.again = false;
      this.wakeOthers();
    }
  }

  private connect(): void {
    if (this.stopped || this.options.connect === undefined) {
      return;
    }
    this.connecting = this.listen(this.options.connect).catch((error: unknown) => {
      this.options.log?.('the outbox signal has no connection; relays fall back to polling', error);
      this.retryLater();
    });
  }

  private async listen(open: () => Promise<pg.Client>): Promise<void> {
    const client = await open();
    client.on('notification', ({ processId }) => {
      // Our own NOTIFY comes back; this process was woken already.
      if (processId !== (client as pg.Client & { processID?: number }).processID) {
        this.wakeHere();
      }
    });
    client.on('end', () => {
      if (this.client === client) {
        this.client = undefined;
        this.retryLater();
      }
    });
    await client.query(`LISTEN ${CHANNEL}`);
    this.client = client;
    // What was committed while nobody listened.
    this.wakeHere();
  }

  private retryLater(): void {
    if (!this.stopped) {
      clearTimeout(this.reconnect);
      this.reconnect = setTimeout(() => this.connect(), RECONNECT_MS);
    }
  }
}
