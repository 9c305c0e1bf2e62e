import { randomBytes } from 'node:crypto';
import type pg from 'pg';
import {
  aggregateOf,
  deleteAndRead,
  holdRow,
  noteNothing,
  noteSending,
  type OutboxRow,
  prepareForReading,
  withinBytes,
} from './outbox-batch.js';
import { isRecordRefused } from './outbox-errors.js';
import { type OutboxRecord, toRecord } from './outbox-record.js';
import { ALL_SHARDS, type OutboxSignal, type ShardSet, shardSet } from './outbox-signal.js';
import { OverdueError, settleWithin } from './settle-within.js';
import { type HeldShards, ShardLeases } from './shard-leases.js';
import { halved, LONE_DEATHS_MAX, poisonous } from './suspects.js';

/*
 * Carries committed outbox rows to Kafka: at least once, in the order of each aggregate's versions, each shard by one
 * relay at a time.
 *
 *   give the surplus back ──► read ──rows──► send ──acknowledged──► (next turn) ──► delete + read ─► ...
 *                              │ none: wait for a signal, at most the poll interval
 *   beside it, every ttl / 9 or 0.5 s: say "I live", renew the leases, take what the fair share lacks
 *
 * - A row is deleted only after the broker acknowledged it (acks = all). A crash in between means: sent again. The
 *   consumers' inbox drops the copy.
 * - One send is in flight at a time, and one batch in memory: two gained nothing (measured) and would cost the argument
 *   for order. So a slow Kafka slows the relay and costs no memory.
 * - A send starts only while the lease outlasts the longest send. One that takes longer costs the relay its leases: it
 *   begins again only when that send has settled. So no two relays publish the same row concurrently.
 * - When the database or Kafka is away, the relay waits and tries again, for ever. It never drops a row.
 */

export interface OutboxRelayOptions {
  /** `ce_source` of the service. */
  readonly source: string;
  /** Shown in outbox_leases; the relay adds something that makes it unique. */
  readonly owner: string;
  /** Opens a connection of its own. */
  readonly connect: () => Promise<pg.Client>;
  /** Resolves when the broker has acknowledged all records, in order. */
  readonly publish: (records: readonly OutboxRecord[]) => Promise<void>;
  readonly signal: OutboxSignal;
  readonly log: RelayLog;
  /** What the broker has acknowledged just now. */
  readonly onPublished?: (rows: readonly OutboxRow[]) => void;
  readonly now?: () => number;
  /** Acknowledged rows move to outbox_archive instead of being deleted. */
  readonly archive?: boolean;
  /** Rows of one send; 1,000. */
  readonly batchRowsMax?: number;
  /** Bytes of one partition in one send; 512 KiB. */
  readonly batchBytesMax?: number;
  /** The backstop behind the signals; 1 s. */
  readonly pollIntervalMs?: number;
  /** How long a killed relay's shards stay unserved; 4.5 s. */
  readonly leaseTtlMs?: number;
  /** The longest that `publish` may take; 3.5 s. */
  readonly sendTimeoutMs?: number;
}

export interface RelayLog {
  info(message: string, facts?: object): void;
  warn(message: string, facts?: object): void;
  error(message: string, facts?: object): void;
}

export interface RelayStatus {
  readonly shards: number;
  /** Relays that live, this one included. */
  readonly members: number;
  /** Monotonic milliseconds since the loop last came round: a stuck loop shows here. */
  readonly lastTurnMsAgo: number;
  readonly published: number;
  /** Rows set aside in the whole outbox, up to 1,000. */
  readonly heldRows: number;
}

const BACKOFF_MS = 100;
const BACKOFF_MAX_MS = 5_000;
/** Beats in a lease: some may fail before it ends. */
const BEATS_PER_LEASE = 9;
const BEAT_MAX_MS = 500;
/** Between two beats while shards are lacking. */
const SHORT_BEAT_MS = 100;
/** A statement that takes longer has lost its connection, whatever the connection says. */
const STATEMENT_TIMEOUT_MS = 20_000;
const CLOSE_TIMEOUT_MS = 1_000;

export class OutboxRelay {
  private readonly owner: string;
  private readonly leases: ShardLeases;
  private readonly now: () => number;
  private readonly ttlMs: number;
  private readonly sendTimeoutMs: number;
  private acknowledged: string[] = [];
  private published = 0;
  private failures = 0;
  private pausedUntil = 0;
  /** A send that took too long and has not settled. */
  private overdue: Promise<void> | undefined;
  private lastTurn: number;
  private running: Promise<void> | undefined;
  private stopping = false;
  private woken = false;
  private wake: () => void = () => undefined;
  private beatNow: () => void = () => undefined;

  constructor(private readonly options: OutboxRelayOptions) {
    this.now = options.now ?? (() => performance.now());
    this.ttlMs = options.leaseTtlMs ?? 4_500;
    this.sendTimeoutMs = options.sendTimeoutMs ?? 3_500;
    if (this.sendTimeoutMs >= this.ttlMs) {
      throw new RangeError(
        `leaseTtlMs should be longer than sendTimeoutMs, or a lease could end during a send; got ${this.ttlMs} and ${this.sendTimeoutMs}`,
      );
    }
    this.owner = `${options.owner}#${randomBytes(4).toString('hex')}`;
    this.leases = new ShardLeases({ owner: this.owner, ttlMs: this.ttlMs, now: this.now });
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
      members: this.leases.members.length,
      lastTurnMsAgo: this.now() - this.lastTurn,
      published: this.published,
      heldRows: this.leases.heldRows,
    };
  }

  private async run(): Promise<void> {
    const { signal } = this.options;
    const unsubscribe = signal.onWake((shards) => this.wakeFor(shards));
    signal.ownedHere = () => shardSet(this.leases.held.shards);
    while (!this.stopping) {
      try {
        await this.runConnected();
      } catch (error) {
        this.failed(error);
        await this.pause();
      }
    }
    unsubscribe();
    signal.ownedHere = () => 0n;
  }

  private wakeFor(shards: ShardSet): void {
    if (shards === ALL_SHARDS) {
      // A relay may have come or gone: see at once what that means for the shards.
      this.beatNow();
    }
    if ((shards & shardSet(this.leases.held.shards)) !== 0n) {
      this.woken = true;
      this.wake();
    }
  }

  /** One life of the two connections: rows on one, leases on the other, so that a slow read cannot delay a renewal. */
  private async runConnected(): Promise<void> {
    const rowsClient = await this.options.connect();
    const leaseClient = await this.options.connect().catch(async (error: unknown) => {
      await close(rowsClient);
      throw error;
    });
    const connected = new AbortController();
    try {
      await prepareForReading(rowsClient);
      await leaseClient.query('SET enable_seqscan = off');
      // A lost delete is only a row sent again; a lost lease would be two relays.
      await leaseClient.query('SET synchronous_commit = on');
      await this.beat(leaseClient);
      if (this.leases.isShort) {
        await this.announce(leaseClient);
      }
      void this.keepBeating(leaseClient, connected.signal);
      while (!this.stopping) {
        try {
          await this.turn(rowsClient, leaseClient);
        } catch (error) {
          if (!(error instanceof PublishFailedError)) {
            throw error;
          }
          // The database is well: the connections stay, and with them the lease, while Kafka is waited for.
          this.failed(error);
          await statement(noteNothing(rowsClient, this.owner));
        }
      }
      await this.giveEverythingBack(rowsClient, leaseClient);
    } finally {
      connected.abort();
      this.beatNow();
      await Promise.all([close(rowsClient), close(leaseClient)]);
    }
  }

  private async turn(rowsClient: pg.Client, leaseClient: pg.Client): Promise<void> {
    this.woken = false;
    if (this.overdue !== undefined) {
      await this.idle(this.options.pollIntervalMs ?? 1_000);
      return;
    }
    this.lastTurn = this.now();
    if (this.leases.surplus.shards.length > 0) {
      await this.surrender(rowsClient, leaseClient);
    }
    if (this.leases.remainingMs() <= this.sendTimeoutMs) {
      await this.beat(leaseClient);
    }
    if (this.pauseMs > 0) {
      await this.idle(this.pauseMs);
      return;
    }
    const held = this.leases.held;
    const rows = held.shards.length === 0 ? [] : await this.read(rowsClient, held);
    if (rows.length === 0) {
      this.failures = 0;
      await this.idle(this.options.pollIntervalMs ?? 1_000);
      return;
    }
    const sendable = await this.withoutPoison(rowsClient, rows);
    if (sendable.length > 0) {
      await this.publishAll(leaseClient, rowsClient, held, sendable, new Set());
      this.failures = 0;
    }
  }

  private async read(client: pg.Client, held: HeldShards): Promise<OutboxRow[]> {
    const acknowledged = this.acknowledged;
    const rows = await statement(
      deleteAndRead(client, held, acknowledged, {
        owner: this.owner,
        rowsMax: this.options.batchRowsMax ?? 1_000,
        archive: this.options.archive ?? false,
        // While Kafka is away sends last long, and whoever restarts the process would find a row to blame.
        note: this.failures === 0,
      }),
    );
    this.acknowledged = [];
    return withinBytes(rows, this.options.batchBytesMax ?? 512 * 1024);
  }

  /** What is left of a batch when somebody died of its rows: held is what killed alone, and the rest comes in halves. */
  private async withoutPoison(client: pg.Client, rows: OutboxRow[]): Promise<readonly OutboxRow[]> {
    const { deaths } = this.leases;
    const poison = poisonous(rows, deaths);
    for (const row of poison) {
      await this.hold(client, row, `the process died ${LONE_DEATHS_MAX} times while it sent this event alone`, LONE_DEATHS_MAX);
    }
    if (poison.length > 0) {
      // Read again, without those that wait behind.
      return [];
    }
    const careful = halved(rows, deaths);
    if (careful.length < rows.length && this.failures === 0) {
      await statement(noteSending(client, this.owner, careful));
    }
    return careful;
  }

  /** Sends the rows; a refused batch is halved until the guilty row is alone, and only that one is held. */
  private async publishAll(
    leaseClient: pg.Client,
    client: pg.Client,
    held: HeldShards,
    rows: readonly OutboxRow[],
    heldBack: Set<string>,
  ): Promise<void> {
    if (this.leases.remainingMs() <= this.sendTimeoutMs) {
      await this.beat(leaseClient);
      if (this.leases.remainingMs() <= this.sendTimeoutMs) {
        throw new PublishFailedError('the lease on the outbox shards was not renewed in time for another send');
      }
    }
    const sendable = rows.filter((row) => !heldBack.has(aggregateOf(row)) && this.isStillOurs(row, held));
    const [first] = sendable;
    if (first === undefined) {
      return;
    }
    try {
      await this.send(sendable);
    } catch (error) {
      if (!isRecordRefused(error)) {
        throw new PublishFailedError(error instanceof Error ? error.message : String(error), error);
      }
      if (sendable.length === 1) {
        await this.hold(client, first, error instanceof Error ? error.message : String(error));
        heldBack.add(aggregateOf(first));
        return;
      }
      const middle = Math.ceil(sendable.length / 2);
      await this.publishAll(leaseClient, client, held, sendable.slice(0, middle), heldBack);
      await this.publishAll(leaseClient, client, held, sendable.slice(middle), heldBack);
    }
  }

  private async send(rows: readonly OutboxRow[]): Promise<void> {
    const sending = this.options.publish(rows.map((row) => toRecord(row, this.options.source)));
    try {
      await settleWithin(this.sendTimeoutMs, 'sending to Kafka', sending);
    } catch (error) {
      if (error instanceof OverdueError) {
        // It may still arrive. Others get the shards when the leases end; this relay is no member until it is over.
        this.leases.forget();
        this.overdue = sending.catch(() => undefined).finally(() => {
          this.overdue = undefined;
          this.wake();
        });
      }
      throw error;
    }
    for (const { seq } of rows) {
      this.acknowledged.push(seq);
    }
    this.published += rows.length;
    this.options.onPublished?.(rows);
  }

  /** False when another relay, or `republish`, has taken the row's shard since the row was read. */
  private isStillOurs(row: OutboxRow, held: HeldShards): boolean {
    return this.leases.held === held || this.leases.owns(row.shard, held.fences[held.shards.indexOf(row.shard)]);
  }

  /** A row that cannot be sent: kept, visible, and in nobody's way but its own aggregate's. */
  private async hold(client: pg.Client, row: OutboxRow, reason: string, attempts = 1): Promise<void> {
    await statement(holdRow(client, this.leases.held, row.seq, reason, attempts));
    this.options.log.error('an event cannot be sent; it and the later ones of its aggregate are held', {
      event: row.id,
      type: row.type,
      aggregate: aggregateOf(row),
      error: reason,
    });
  }

  /** Between two sends: nothing is in flight, and what was acknowledged is deleted before the next owner reads. */
  private async surrender(rowsClient: pg.Client, leaseClient: pg.Client): Promise<void> {
    await this.deleteAcknowledged(rowsClient);
    const shards = await statement(this.leases.surrender(leaseClient));
    if (shards > 0) {
      this.options.log.info('the relay gave outbox shards to others', {
        shards,
        left: this.leases.held.shards.length,
        relays: this.leases.members.length,
      });
      await this.announce(leaseClient);
    }
  }

  private async giveEverythingBack(rowsClient: pg.Client, leaseClient: pg.Client): Promise<void> {
    await this.deleteAcknowledged(rowsClient);
    await statement(this.leases.leave(leaseClient));
    await this.announce(leaseClient);
  }

  /** The others are told at once; otherwise they would find the free shards with their next beat. */
  private async announce(leaseClient: pg.Client): Promise<void> {
    await statement(this.leases.announce(leaseClient));
  }

  private async deleteAcknowledged(client: pg.Client): Promise<void> {
    if (this.acknowledged.length > 0) {
      await statement(
        deleteAndRead(client, this.leases.held, this.acknowledged, {
          owner: this.owner,
          rowsMax: 0,
          archive: this.options.archive ?? false,
          note: false,
        }),
      );
      this.acknowledged = [];
    }
  }

  private async keepBeating(client: pg.Client, connected: AbortSignal): Promise<void> {
    while (!connected.aborted) {
      await this.untilNextBeat();
      if (!connected.aborted && this.overdue === undefined) {
        // The leases run out by themselves; the loop meets the same trouble and reports it.
        await this.beat(client).catch(() => undefined);
      }
    }
  }

  private async untilNextBeat(): Promise<void> {
    const { isShort } = this.leases;
    const beatMs = isShort ? SHORT_BEAT_MS : Math.min(this.ttlMs / BEATS_PER_LEASE, BEAT_MAX_MS);
    // Somebody whose lease is about to end is probably dead: be there when it does.
    const waitMs = Math.max(5, Math.min(beatMs, this.leases.foreignExpiryInMs() + 5));
    await new Promise<void>((resolve) => {
      const timer = setTimeout(resolve, waitMs);
      this.beatNow = () => {
        clearTimeout(timer);
        resolve();
      };
    });
  }

  private async beat(client: pg.Client): Promise<void> {
    const before = this.leases.held.shards.length;
    await settleWithin(this.ttlMs, 'renewing the leases', this.leases.beat(client));
    const { held, surplus, members } = this.leases;
    if (held.shards.length > before) {
      this.options.log.info('the relay took outbox shards', { shards: held.shards.length, relays: members.length });
    } else if (held.shards.length < before) {
      this.options.log.warn('outbox shards were taken from this relay', { before, after: held.shards.length });
    }
    if (held.shards.length > before || surplus.shards.length > 0) {
      this.woken = true;
      this.wake();
    }
  }

  /** Until a signal, `stop()`, or the time is up. */
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

  /** Kafka or the database is away: wait longer each time. */
  private failed(error: unknown): void {
    this.failures++;
    const waitMs = Math.min(BACKOFF_MS * 2 ** (this.failures - 1), BACKOFF_MAX_MS) * (0.5 + Math.random() / 2);
    this.pausedUntil = this.now() + waitMs;
    this.options.log.warn('the relay pauses; nothing is lost, it tries again', {
      error: error instanceof Error ? error.message : String(error),
      waitMs: Math.round(waitMs),
    });
  }

  private async pause(): Promise<void> {
    while (!this.stopping && this.pauseMs > 0) {
      this.woken = false;
      await this.idle(this.pauseMs);
    }
  }

  /** What is left of the pause; a clock that jumped back does not prolong it. */
  private get pauseMs(): number {
    const leftMs = this.pausedUntil - this.now();
    return leftMs > BACKOFF_MAX_MS ? 0 : leftMs;
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

function statement<T>(running: Promise<T>): Promise<T> {
  return settleWithin(STATEMENT_TIMEOUT_MS, 'a statement of the relay', running);
}

async function close(client: pg.Client): Promise<void> {
  await settleWithin(CLOSE_TIMEOUT_MS, 'closing a connection', client.end()).catch(() => undefined);
}
