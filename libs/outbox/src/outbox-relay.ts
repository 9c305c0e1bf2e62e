import type pg from 'pg';
import {
  aggregateOf,
  deleteAndRead,
  holdRow,
  type OutboxRecord,
  type OutboxRow,
  prepareForReading,
  toRecord,
  withinBytes,
} from './outbox-batch.js';
import { isRecordRefused } from './outbox-errors.js';
import type { OutboxSignal } from './outbox-signal.js';
import { SHARDS } from './shard.js';
import { type HeldShards, ShardLeases } from './shard-leases.js';

/*
 * Carries committed outbox rows to Kafka: at least once, in the order of each aggregate's versions, by one relay at a
 * time.
 *
 *   no shards ──acquire──► read ──rows──► send ──acknowledged──► delete + read ─► ...
 *       ▲                   │ none: wait for a signal, at most the poll interval
 *       └─ lease lost ◄─────┘
 *
 * - A row is deleted only after the broker acknowledged it (acks = all). A crash in between means: sent again. The
 *   consumers' inbox drops the copy.
 * - One send is in flight at a time: two gained nothing (measured) and would cost the argument for order.
 * - A send starts only while the lease outlasts the longest send, so no two relays publish the same row concurrently.
 * - When the database or Kafka is away, the relay waits and tries again, for ever. It never drops a row.
 */

export interface OutboxRelayOptions {
  /** `ce_source` of the service. */
  readonly source: string;
  /** Unique to this process; shown in outbox_leases. */
  readonly owner: string;
  /** Opens a connection of its own. */
  readonly connect: () => Promise<pg.Client>;
  /** Resolves when the broker has acknowledged all records, in order; must settle within `sendTimeoutMs`. */
  readonly publish: (records: readonly OutboxRecord[]) => Promise<void>;
  readonly signal: OutboxSignal;
  readonly log: RelayLog;
  /** What the broker has acknowledged just now. */
  readonly onPublished?: (rows: readonly OutboxRow[]) => void;
  readonly now?: () => number;
  /** Rows of one send; 1,000. */
  readonly batchRowsMax?: number;
  /** Bytes of one partition in one send; 512 KiB. */
  readonly batchBytesMax?: number;
  /** The backstop behind the signals; 1 s. */
  readonly pollIntervalMs?: number;
  /** How long a killed relay's shards stay unserved; 8 s. */
  readonly leaseTtlMs?: number;
  /** The longest that `publish` takes; 5 s. */
  readonly sendTimeoutMs?: number;
}

export interface RelayLog {
  info(message: string, facts?: object): void;
  warn(message: string, facts?: object): void;
  error(message: string, facts?: object): void;
}

export interface RelayStatus {
  readonly shards: number;
  /** Monotonic milliseconds since the loop last came round: a stuck loop shows here. */
  readonly lastTurnMsAgo: number;
  readonly published: number;
}

const BACKOFF_MS = 100;
const BACKOFF_MAX_MS = 5_000;

export class OutboxRelay {
  private readonly leases: ShardLeases;
  private readonly now: () => number;
  private readonly ttlMs: number;
  private readonly sendTimeoutMs: number;
  private acknowledged: string[] = [];
  private published = 0;
  private failures = 0;
  private lastTurn: number;
  private running: Promise<void> | undefined;
  private stopping = false;
  private renewing = false;
  private woken = false;
  private wake: () => void = () => undefined;

  constructor(private readonly options: OutboxRelayOptions) {
    this.now = options.now ?? (() => performance.now());
    this.ttlMs = options.leaseTtlMs ?? 8_000;
    this.sendTimeoutMs = options.sendTimeoutMs ?? 5_000;
    if (this.sendTimeoutMs >= this.ttlMs) {
      throw new RangeError(
        `leaseTtlMs should be longer than sendTimeoutMs, or a lease could end during a send; got ${this.ttlMs} and ${this.sendTimeoutMs}`,
      );
    }
    this.leases = new ShardLeases({ owner: options.owner, ttlMs: this.ttlMs, now: this.now });
    this.lastTurn = this.now();
  }

  start(): void {
    this.running ??= this.run();
  }

  /** Resolves when the send in hand is acknowledged and deleted, and the shards are given back. */
  async stop(): Promise<void> {
    this.stopping = true;
    this.wake();
    await this.running;
  }

  status(): RelayStatus {
    return {
      shards: this.leases.held.shards.length,
      lastTurnMsAgo: this.now() - this.lastTurn,
      published: this.published,
    };
  }

  private async run(): Promise<void> {
    const unsubscribe = this.options.signal.onWake(() => {
      this.woken = true;
      this.wake();
    });
    this.options.signal.relayOwnsAll = () => this.leases.held.shards.length === SHARDS;
    while (!this.stopping) {
      try {
        await this.runConnected();
      } catch (error) {
        await this.waitAfter(error);
      }
    }
    unsubscribe();
    this.options.signal.relayOwnsAll = () => false;
  }

  /** One life of the two connections: rows on one, leases on the other, so that a slow read cannot delay a renewal. */
  private async runConnected(): Promise<void> {
    const rowsClient = await this.options.connect();
    const leaseClient = await this.options.connect().catch(async (error: unknown) => {
      await rowsClient.end().catch(() => undefined);
      throw error;
    });
    const renewal = setInterval(() => void this.renew(leaseClient), this.ttlMs / 6);
    try {
      await prepareForReading(rowsClient);
      // A lost delete is only a row sent again; a lost lease would be two relays.
      await leaseClient.query('SET synchronous_commit = on');
      while (!this.stopping) {
        try {
          await this.turn(rowsClient, leaseClient);
        } catch (error) {
          if (!(error instanceof PublishFailedError)) {
            throw error;
          }
          // The database is well: the connections stay, and with them the lease, while Kafka is waited for.
          await this.waitAfter(error);
        }
      }
      await this.deleteAcknowledged(rowsClient);
      await this.leases.release(leaseClient);
      // The successor is told at once; otherwise it would find the free shards with its next poll.
      await leaseClient.query('NOTIFY waybill_outbox');
    } finally {
      clearInterval(renewal);
      await Promise.allSettled([rowsClient.end(), leaseClient.end()]);
    }
  }

  private async turn(rowsClient: pg.Client, leaseClient: pg.Client): Promise<void> {
    this.lastTurn = this.now();
    this.woken = false;
    const held = this.leases.held;
    if (held.shards.length === 0) {
      const taken = await this.leases.acquire(leaseClient);
      if (taken > 0) {
        this.options.log.info('the relay took outbox shards', { shards: taken });
      } else {
        await this.idle(this.options.pollIntervalMs ?? 1_000);
      }
      return;
    }
    const rows = await this.read(rowsClient, held);
    if (rows.length === 0) {
      this.failures = 0;
      await this.idle(this.options.pollIntervalMs ?? 1_000);
      return;
    }
    await this.publishAll(rowsClient, rows, new Set());
    this.failures = 0;
  }

  private async read(client: pg.Client, held: HeldShards): Promise<OutboxRow[]> {
    const acknowledged = this.acknowledged;
    const rows = await deleteAndRead(client, held, acknowledged, this.options.batchRowsMax ?? 1_000);
    this.acknowledged = [];
    return withinBytes(rows, this.options.batchBytesMax ?? 512 * 1024);
  }

  /** Sends the rows; a refused batch is halved until the guilty row is alone, and only that one is held. */
  private async publishAll(client: pg.Client, rows: readonly OutboxRow[], heldBack: Set<string>): Promise<void> {
    const sendable = rows.filter((row) => !heldBack.has(aggregateOf(row)));
    const [first] = sendable;
    if (first === undefined) {
      return;
    }
    if (this.leases.remainingMs() <= this.sendTimeoutMs) {
      throw new PublishFailedError('the lease on the outbox shards was not renewed in time for another send');
    }
    try {
      await this.options.publish(sendable.map((row) => toRecord(row, this.options.source)));
      this.acknowledged.push(...sendable.map(({ seq }) => seq));
      this.published += sendable.length;
      this.options.onPublished?.(sendable);
    } catch (error) {
      if (!isRecordRefused(error)) {
        throw new PublishFailedError(error instanceof Error ? error.message : String(error), error);
      }
      if (sendable.length === 1) {
        await this.hold(client, first, error);
        heldBack.add(aggregateOf(first));
        return;
      }
      const middle = Math.ceil(sendable.length / 2);
      await this.publishAll(client, sendable.slice(0, middle), heldBack);
      await this.publishAll(client, sendable.slice(middle), heldBack);
    }
  }

  /** A row that the broker refuses for what it is: kept, visible, and in nobody's way but its own aggregate's. */
  private async hold(client: pg.Client, row: OutboxRow, error: unknown): Promise<void> {
    const message = error instanceof Error ? error.message : String(error);
    await holdRow(client, this.leases.held, row.seq, message);
    this.options.log.error('the broker refuses an event; it and the later ones of its aggregate are held', {
      event: row.id,
      type: row.type,
      aggregate: aggregateOf(row),
      error: message,
    });
  }

  private async deleteAcknowledged(client: pg.Client): Promise<void> {
    if (this.acknowledged.length > 0) {
      await deleteAndRead(client, this.leases.held, this.acknowledged, 0);
      this.acknowledged = [];
    }
  }

  private async renew(client: pg.Client): Promise<void> {
    const before = this.leases.held.shards.length;
    // On a connection that hangs, renewals must not queue up.
    if (before === 0 || this.stopping || this.renewing) {
      return;
    }
    this.renewing = true;
    try {
      const after = await this.leases.renew(client);
      if (after < before) {
        this.options.log.warn('another relay took outbox shards from this one', { before, after });
      }
    } catch {
      // The lease runs out by itself; the loop meets the same trouble and reports it.
    } finally {
      this.renewing = false;
    }
  }

  /** Until a signal, `stop()`, or the poll interval. */
  private async idle(ms: number): Promise<void> {
    if (this.woken || this.stopping) {
      return;
    }
    await new Promise<void>((resolve) => {
      const timer = setTimeout(resolve, ms);
      this.wake = () => {
        clearTimeout(timer);
        resolve();
      };
    });
    this.wake = () => undefined;
  }

  /** Kafka or the database is away: wait longer each time, but let `stop()` through. */
  private async waitAfter(error: unknown): Promise<void> {
    this.failures++;
    const waitMs = Math.min(BACKOFF_MS * 2 ** (this.failures - 1), BACKOFF_MAX_MS) * (0.5 + Math.random() / 2);
    this.options.log.warn('the relay pauses; nothing is lost, it tries again', {
      error: error instanceof Error ? error.message : String(error),
      waitMs: Math.round(waitMs),
    });
    const until = this.now() + waitMs;
    while (!this.stopping && this.now() < until) {
      this.woken = false;
      await this.idle(until - this.now());
    }
  }
}

/** Nothing is wrong with the rows or the database: what was not acknowledged is read and sent again. */
class PublishFailedError extends Error {
  readonly code = 'OUTBOX_PUBLISH_FAILED';

  constructor(message: string, cause?: unknown) {
    super(message, { cause });
    this.name = 'PublishFailedError';
  }
}
