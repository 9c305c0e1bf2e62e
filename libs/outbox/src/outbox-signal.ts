import type pg from 'pg';
import type { DataSource, EntitySubscriberInterface, QueryRunner } from 'typeorm';
import { SHARDS } from './shard.js';

/*
 * How a relay learns of new rows within milliseconds.
 *
 * In the same process: a call, after the commit. In other processes: NOTIFY, sent after the commit on a connection of
 * its own, at once and then at most once in 5 ms. Never inside the writers' transactions: measured, NOTIFY there halves
 * their throughput, because commits that notify queue on one database-wide lock. A lost signal costs one poll.
 *
 * A signal says which shards got rows, as a set of 64 bits: it is not sent where the relay in this process owns them
 * all, and wakes only those relays elsewhere that own one of them.
 */

const CHANNEL = 'waybill_outbox';
/** A signal that names no shards wakes every relay: one of them came or went. */
export const ANNOUNCE = `NOTIFY ${CHANNEL}`;
const COALESCE_MS = 5;
const RECONNECT_MS = 1_000;

const MARK = 'waybillOutbox';

/** A set of shards, one bit each. */
export type ShardSet = bigint;

export const ALL_SHARDS: ShardSet = (1n << BigInt(SHARDS)) - 1n;

export function shardSet(shards: readonly number[]): ShardSet {
  return shards.reduce((set, shard) => set | (1n << BigInt(shard)), 0n);
}

interface RunnerData {
  [MARK]?: ShardSet;
}

/** Remembers on the transaction's own runner that it wrote to the outbox: to one shard, or to any. */
export function markForWakeUp(runner: QueryRunner, shard?: number): void {
  const data = runner.data as RunnerData;
  data[MARK] = (data[MARK] ?? 0n) | (shard === undefined ? ALL_SHARDS : 1n << BigInt(shard));
}

export interface OutboxSignalOptions {
  /** Opens a connection of its own, for LISTEN and NOTIFY; absent: only this process is woken. */
  readonly connect?: () => Promise<pg.Client>;
  readonly log?: (message: string, error: unknown) => void;
}

export class OutboxSignal {
  private readonly listeners = new Set<(shards: ShardSet) => void>();
  private client: pg.Client | undefined;
  private reconnect: NodeJS.Timeout | undefined;
  private connecting: Promise<void> | undefined;
  private coalesce: NodeJS.Timeout | undefined;
  private notifying = false;
  /** What others have not been told yet. */
  private untold: ShardSet = 0n;
  private stopped = false;
  /** The shards of the relay in this process: nobody else needs to be told of these. */
  ownedHere: () => ShardSet = () => 0n;

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

  onWake(listener: (shards: ShardSet) => void): () => void {
    this.listeners.add(listener);
    return () => this.listeners.delete(listener);
  }

  /** Wakes the relays after each commit that appended. Call it once, after `dataSource.initialize()`. */
  watch(dataSource: DataSource): void {
    const subscriber: EntitySubscriberInterface = {
      afterTransactionCommit: ({ queryRunner }) => {
        const data = queryRunner.data as RunnerData;
        // A released savepoint is reported as a commit, too; the rows are not visible before the real one.
        const shards = data[MARK];
        if (shards !== undefined && !queryRunner.isTransactionActive) {
          delete data[MARK];
          this.committed(shards);
        }
      },
    };
    dataSource.subscribers.push(subscriber);
  }

  /** Rows of these shards were committed: wakes the relay here, and those elsewhere. */
  committed(shards: ShardSet = ALL_SHARDS): void {
    this.wakeHere(shards);
    const elsewhere = shards & ~this.ownedHere();
    if (elsewhere !== 0n) {
      this.wakeOthers(elsewhere);
    }
  }

  private wakeHere(shards: ShardSet): void {
    for (const listener of this.listeners) {
      listener(shards);
    }
  }

  private wakeOthers(shards: ShardSet): void {
    this.untold |= shards;
    if (this.coalesce !== undefined || this.notifying) {
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
    const { client, untold: shards } = this;
    this.untold = 0n;
    this.notifying = true;
    try {
      await client?.query(`NOTIFY ${CHANNEL}, '${shards.toString(16)}'`);
    } catch {
      // It may have died without a word, and then hears nothing either: a new one takes its place.
      client?.end().catch(() => undefined);
    }
    this.notifying = false;
    this.wakeAgain();
  }

  private wakeAgain(): void {
    if (this.untold !== 0n && !this.stopped) {
      this.wakeOthers(0n);
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
    client.on('notification', ({ processId, payload }) => {
      // Our own NOTIFY comes back; this process was woken already.
      if (processId !== (client as pg.Client & { processID?: number }).processID) {
        this.wakeHere(/^[0-9a-f]{1,16}$/.test(payload ?? '') ? BigInt(`0x${payload}`) : ALL_SHARDS);
      }
    });
    client.on('end', () => {
      if (this.client === client) {
        this.client = undefined;
        this.retryLater();
      }
    });
    try {
      await client.query(`LISTEN ${CHANNEL}`);
    } catch (error) {
      // A standby lets anybody in and refuses LISTEN: one connection more with each try.
      await client.end().catch(() => undefined);
      throw error;
    }
    this.client = client;
    // What was committed while nobody listened.
    this.wakeHere(ALL_SHARDS);
  }

  private retryLater(): void {
    if (!this.stopped) {
      clearTimeout(this.reconnect);
      this.reconnect = setTimeout(() => this.connect(), RECONNECT_MS);
    }
  }
}
