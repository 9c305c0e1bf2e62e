import type pg from 'pg';

/*
 * Which shards this relay owns.
 *
 * One row a shard: owner, fencing token, expiry. Whoever takes a shard raises its token, and every statement of the
 * relay joins the rows to the lease row that still bears its token: a relay that was paused and wakes finds nothing,
 * whatever it believes. Expiry is the database's clock; the local deadline is counted from *before* the renewal was
 * sent, on the monotonic clock, so it always ends first.
 *
 * Source: M. Kleppmann, "How to do distributed locking" (2016), fencing tokens.
 */

export interface ShardLeasesOptions {
  /** Unique to this process. */
  readonly owner: string;
  readonly ttlMs: number;
  /** Monotonic milliseconds. */
  readonly now: () => number;
}

export interface HeldShards {
  readonly shards: readonly number[];
  readonly fences: readonly string[];
}

interface LeaseRow {
  readonly shard: number;
  readonly fence: string;
}

const NONE: HeldShards = { shards: [], fences: [] };

// Locked in the order of the shards, so that two relays that start together queue instead of deadlocking.
const ACQUIRE = `
  WITH due AS (
    SELECT shard FROM outbox_leases
    WHERE expires_at < clock_timestamp() OR owner = $1
    ORDER BY shard FOR UPDATE
  )
  UPDATE outbox_leases l
  SET owner = $1, fence = l.fence + 1, expires_at = clock_timestamp() + $2 * interval '1 millisecond'
  FROM due WHERE l.shard = due.shard
  RETURNING l.shard, l.fence`;

const RENEW = `
  WITH still AS (
    SELECT l.shard FROM outbox_leases l
    JOIN unnest($1::smallint[], $2::bigint[]) AS held (shard, fence) ON l.shard = held.shard AND l.fence = held.fence
    ORDER BY l.shard FOR UPDATE OF l
  )
  UPDATE outbox_leases l
  SET expires_at = clock_timestamp() + $3 * interval '1 millisecond'
  FROM still WHERE l.shard = still.shard
  RETURNING l.shard, l.fence`;

const RELEASE = `
  UPDATE outbox_leases l SET owner = NULL, expires_at = '-infinity'
  FROM unnest($1::smallint[], $2::bigint[]) AS held (shard, fence)
  WHERE l.shard = held.shard AND l.fence = held.fence`;

export class ShardLeases {
  private leases = NONE;
  private deadline = 0;

  constructor(private readonly options: ShardLeasesOptions) {}

  /** What is owned, or nothing once the local deadline has passed. */
  get held(): HeldShards {
    return this.remainingMs() > 0 ? this.leases : NONE;
  }

  /** How long nobody else can take these shards. */
  remainingMs(): number {
    return this.leases.shards.length === 0 ? 0 : this.deadline - this.options.now();
  }

  /** Takes every shard that is free or whose lease has run out; returns how many are owned now. */
  async acquire(client: pg.Client): Promise<number> {
    const asked = this.options.now();
    const { rows } = await client.query<LeaseRow>(ACQUIRE, [this.options.owner, this.options.ttlMs]);
    this.keep(rows, asked);
    return rows.length;
  }

  /** Prolongs what is still owned; shards that were taken by another relay are given up. */
  async renew(client: pg.Client): Promise<number> {
    const asked = this.options.now();
    const { shards, fences } = this.leases;
    const { rows } = await client.query<LeaseRow>(RENEW, [shards, fences, this.options.ttlMs]);
    this.keep(rows, asked);
    return rows.length;
  }

  /** Gives everything back, so that the successor need not wait for the expiry. */
  async release(client: pg.Client): Promise<void> {
    const { shards, fences } = this.leases;
    this.leases = NONE;
    if (shards.length > 0) {
      await client.query(RELEASE, [shards, fences]);
    }
  }

  private keep(rows: readonly LeaseRow[], asked: number): void {
    this.leases = { shards: rows.map(({ shard }) => shard), fences: rows.map(({ fence }) => fence) };
    this.deadline = asked + this.options.ttlMs;
  }
}
