import type pg from 'pg';
import type { RelayLog } from './relay-options.js';
import { settleWithin } from './settle-within.js';
import type { ShardLeases } from './shard-leases.js';

export interface LeaseBeatOptions {
  readonly leases: ShardLeases;
  readonly ttlMs: number;
  readonly log: RelayLog;
  /** Shards came, or there are some to give back: the loop has something to do. */
  readonly onChange: () => void;
  /** While it answers false, the leases are left to run out. */
  readonly mayRenew: () => boolean;
}

/** Beats in a lease: some may fail before it ends. */
const BEATS_PER_LEASE = 9;
const BEAT_MAX_MS = 500;
/** Between two beats while shards are lacking. */
const SHORT_BEAT_MS = 100;

/** Beside the loop, every ttl / 9 or 0.5 s: says "I live", renews the leases, takes what the fair share lacks. */
export class LeaseBeat {
  private wakeNow: () => void = () => undefined;

  constructor(private readonly options: LeaseBeatOptions) {}

  /** Until the connection is given up. */
  async keepBeating(client: pg.Client, connected: AbortSignal): Promise<void> {
    while (!connected.aborted) {
      await this.untilNext();
      if (!connected.aborted && this.options.mayRenew()) {
        // The leases run out by themselves; the loop meets the same trouble and reports it.
        await this.beat(client).catch(() => undefined);
      }
    }
  }

  /** The next beat of `keepBeating` comes at once. */
  beatNow(): void {
    this.wakeNow();
  }

  /** Whether the leases last longer than that, if need be after a beat. */
  async lastsLongerThan(ms: number, client: pg.Client): Promise<boolean> {
    const { leases } = this.options;
    if (leases.remainingMs() <= ms) {
      await this.beat(client);
    }
    return leases.remainingMs() > ms;
  }

  async beat(client: pg.Client): Promise<void> {
    const { leases, ttlMs, log, onChange } = this.options;
    const before = leases.held.shards.length;
    await settleWithin(ttlMs, 'renewing the leases', leases.beat(client));
    const { held, surplus, members } = leases;
    if (held.shards.length > before) {
      log.info('the relay took outbox shards', { shards: held.shards.length, relays: members.length });
    } else if (held.shards.length < before) {
      log.warn('outbox shards were taken from this relay', { before, after: held.shards.length });
    }
    if (held.shards.length > before || surplus.shards.length > 0) {
      onChange();
    }
  }

  private async untilNext(): Promise<void> {
    const { leases, ttlMs } = this.options;
    const beatMs = leases.isShort ? SHORT_BEAT_MS : Math.min(ttlMs / BEATS_PER_LEASE, BEAT_MAX_MS);
    // Somebody whose lease is about to end is probably dead: be there when it does.
    const waitMs = Math.max(5, Math.min(beatMs, leases.foreignExpiryInMs() + 5));
    await new Promise<void>((resolve) => {
      const timer = setTimeout(resolve, waitMs);
      this.wakeNow = () => {
        clearTimeout(timer);
        resolve();
      };
    });
  }
}
