import { randomBytes } from 'node:crypto';
import { LeaseBeat } from './lease-beat.js';
import { noteNothing, type OutboxRow } from './outbox-batch.js';
import { PublishFailedError } from './outbox-errors.js';
import { ALL_SHARDS, type ShardSet, shardSet } from './outbox-signal.js';
import { PoisonIsolation } from './poison-isolation.js';
import { closeConnections, openConnections, type RelayConnections } from './relay-connections.js';
import type { OutboxRelayOptions, RelayStatus } from './relay-options.js';
import { RowsInHand } from './rows-in-hand.js';
import { SendPace } from './send-pace.js';
import { OverdueError, settleWithin, statement } from './settle-within.js';
import { type HeldShards, ShardLeases } from './shard-leases.js';
import { toRecord } from './to-record.js';

/*
 * Carries committed outbox rows to Kafka: at least once, in the order of each aggregate's versions, each shard by one
 * relay at a time.
 *
 *   give the surplus back ──► read ──rows──► send ──acknowledged──► (next turn) ──► delete + read ─► ...
 *                              │ none: wait for a signal, at most the poll interval
 *   beside it (LeaseBeat), every ttl / 9 or 0.5 s: say "I live", renew the leases, take what the fair share lacks
 *
 * - A row is deleted only after the broker acknowledged it (acks = all). A crash in between means: sent again. The
 *   consumers' inbox drops the copy.
 * - One send is in flight at a time, and one batch in memory: two gained nothing (measured) and would cost the argument
 *   for order. So a slow Kafka slows the relay and costs no memory.
 * - A send starts only while the lease outlasts the longest send. One that takes longer costs the relay its leases: it
 *   begins again only when that send has settled. So no two relays publish the same row concurrently.
 * - When the database or Kafka is away, the relay waits and tries again, for ever. It never drops a row.
 */

const POLL_INTERVAL_MS = 1_000;
const BACKOFF_MS = 100;
const BACKOFF_MAX_MS = 5_000;

export class OutboxRelay {
  private readonly owner: string;
  private readonly leases: ShardLeases;
  private readonly leaseBeat: LeaseBeat;
  private readonly inHand: RowsInHand;
  private readonly poison: PoisonIsolation;
  private readonly now: () => number;
  private readonly sendTimeoutMs: number;
  private readonly pace: SendPace;
  private published = 0;
  private failures = 0;
  private pausedUntil = 0;
  /** A send that took too long and has not settled. */
  private overdue: Promise<void> | undefined;
  private lastTurn: number;
  private running: Promise<void> | undefined;
  private stopping = false;
  private owned: { readonly held: HeldShards; readonly set: ShardSet } = { held: { shards: [], fences: [] }, set: 0n };
  private woken = false;
  private wake: () => void = () => undefined;

  constructor(private readonly options: OutboxRelayOptions) {
    const { log, leaseTtlMs: ttlMs = 4_500, sendTimeoutMs = 3_500 } = options;
    if (sendTimeoutMs >= ttlMs) {
      throw new RangeError(
        `leaseTtlMs should be longer than sendTimeoutMs, or a lease could end during a send; got ${ttlMs} and ${sendTimeoutMs}`,
      );
    }
    this.now = options.now ?? (() => performance.now());
    this.sendTimeoutMs = sendTimeoutMs;
    const owner = `${options.owner}#${randomBytes(4).toString('hex')}`;
    this.owner = owner;
    const leases = new ShardLeases({ owner, ttlMs, now: this.now });
    this.leases = leases;
    this.leaseBeat = new LeaseBeat({
      leases,
      ttlMs,
      log,
      onChange: () => this.wakeUp(),
      mayRenew: () => this.overdue === undefined,
    });
    this.inHand = new RowsInHand({
      owner,
      leases,
      log,
      archive: options.archive ?? false,
      batchRowsMax: options.batchRowsMax ?? 1_000,
      batchBytesMax: options.batchBytesMax ?? 512 * 1024,
    });
    this.poison = new PoisonIsolation({
      owner,
      leases,
      beat: this.leaseBeat,
      inHand: this.inHand,
      sendTimeoutMs,
      send: (rows) => this.send(rows),
    });
    this.pace = new SendPace(options.pace);
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
    signal.ownedHere = () => this.ownedSet();
    while (!this.stopping) {
      this.options.progress?.beat();
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

  /** One life of the two connections. */
  private async runConnected(): Promise<void> {
    const connections = await openConnections(this.options.connect);
    const connected = new AbortController();
    try {
      await this.leaseBeat.beat(connections.leases);
      if (this.leases.isShort) {
        await this.announce(connections);
      }
      void this.leaseBeat.keepBeating(connections.leases, connected.signal);
      while (!this.stopping) {
        try {
          await this.turn(connections);
        } catch (error) {
          if (!(error instanceof PublishFailedError)) {
            throw error;
          }
          // The database is well: the connections stay, and with them the lease, while Kafka is waited for.
          this.failed(error);
          await statement(noteNothing(connections.rows, this.owner));
        }
      }
      await this.giveEverythingBack(connections);
    } finally {
      connected.abort();
      this.leaseBeat.beatNow();
      await closeConnections(connections);
    }
  }

  private async turn(connections: RelayConnections): Promise<void> {
    const { pollIntervalMs = POLL_INTERVAL_MS } = this.options;
    this.woken = false;
    if (this.overdue !== undefined) {
      await this.idle(pollIntervalMs);
      return;
    }
    this.lastTurn = this.now();
    this.options.progress?.beat();
    if (this.leases.surplus.shards.length > 0) {
      await this.surrender(connections);
    }
    await this.leaseBeat.lastsLongerThan(this.sendTimeoutMs, connections.leases);
    if (this.pauseMs > 0) {
      await this.idle(this.pauseMs);
      return;
    }
    const paceMs = this.inHand.isBehind ? 0 : this.pace.waitMs(this.now());
    if (paceMs > 0) {
      await this.rest(paceMs);
    }
    // While Kafka is away sends last long, and whoever restarts the process would find a row to blame.
    const note = this.failures === 0;
    const rows = await this.inHand.deleteAndRead(connections.rows, { note });
    if (rows.length === 0) {
      this.failures = 0;
      await this.idle(pollIntervalMs);
      return;
    }
    const sendable = await this.poison.withoutDeadly(connections, rows, { note });
    if (sendable.length > 0) {
      await this.poison.sendAll(connections, sendable);
      this.failures = 0;
    }
  }

  private async send(rows: readonly OutboxRow[]): Promise<void> {
    this.pace.sends(rows.length, this.now());
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
    this.options.progress?.beat();
    this.inHand.acknowledge(rows);
    this.published += rows.length;
    this.options.onPublished?.(rows);
  }

  /** Between two sends: nothing is in flight, and what was acknowledged is deleted before the next owner reads. */
  private async surrender(connections: RelayConnections): Promise<void> {
    await this.inHand.deleteAcknowledged(connections.rows);
    const shards = await statement(this.leases.surrender(connections.leases));
    if (shards > 0) {
      this.options.log.info('the relay gave outbox shards to others', {
        shards,
        left: this.leases.held.shards.length,
        relays: this.leases.members.length,
      });
      await this.announce(connections);
    }
  }

  private async giveEverythingBack(connections: RelayConnections): Promise<void> {
    await this.inHand.deleteAcknowledged(connections.rows);
    await statement(this.leases.leave(connections.leases));
    await this.announce(connections);
  }

  /** The others are told at once; otherwise they would find the free shards with their next beat. */
  private async announce(connections: RelayConnections): Promise<void> {
    await statement(this.leases.announce(connections.leases));
  }

  private wakeFor(shards: ShardSet): void {
    if (shards === ALL_SHARDS) {
      // A relay may have come or gone: see at once what that means for the shards.
      this.leaseBeat.beatNow();
    }
    if ((shards & this.ownedSet()) !== 0n) {
      this.wakeUp();
    }
  }

  /** Asked at every commit, so worked out only when the leases have changed. */
  private ownedSet(): ShardSet {
    const { held } = this.leases;
    if (this.owned.held !== held) {
      this.owned = { held, set: shardSet(held.shards) };
    }
    return this.owned.set;
  }

  private wakeUp(): void {
    this.woken = true;
    this.wake();
  }

  /** Until `stop()`, or the time is up: rows that come meanwhile are what it waits for. */
  private async rest(ms: number): Promise<void> {
    const until = this.now() + ms;
    for (let leftMs = ms; leftMs > 0 && leftMs <= ms && !this.stopping; leftMs = until - this.now()) {
      this.woken = false;
      await this.idle(leftMs);
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
    this.options.progress?.beat();
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
