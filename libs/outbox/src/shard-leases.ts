import type pg from 'pg';
import { fairShare } from './fair-share.js';
import { ANNOUNCE } from './outbox-signal.js';
import { SHARDS } from './shard.js';

/*
 * Which shards this relay owns, and which it should.
 *
 * One row a shard: owner, fencing token, expiry. Whoever takes a shard raises its token, and every statement of the
 * relay joins the rows to the lease row that still bears its token: a relay that was paused and wakes finds nothing,
 * whatever it believes. Expiry is the database's clock; the local deadline is counted from *before* the renewal was
 * sent, on the monotonic clock, so it always ends first.
 *
 * One row a relay says that it lives. From the list of the living each works out its own share: what it lacks it takes
 * where a lease is free or has run out; what it has too much it marks as surplus. Nobody ever takes a lease that runs:
 * a surplus shard changes hands only when its owner gives it back, and that does so between two sends.
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

/** What a relay was sending when it died: the rows from `firstSeq` to `lastSeq`, `rowCount` of them. */
export interface RelayDeath {
  readonly firstSeq: number;
  readonly lastSeq: number;
  readonly rowCount: number;
}

interface LeaseRow {
  readonly shard: number;
  readonly fence: string;
}

interface Situation {
  readonly members: string[];
  readonly free: number;
  readonly expires_in_ms: number | null;
  readonly deaths: RelayDeath[];
  readonly held_rows: number;
}

const NONE: HeldShards = { shards: [], fences: [] };

// One statement_timestamp() for all, so that a relay's leases and its membership end in the same instant.
const EXPIRY = `statement_timestamp() + $2 * interval '1 millisecond'`;

const RENEW = `
  WITH living AS (
    INSERT INTO outbox_relays (owner, expires_at) VALUES ($1, ${EXPIRY})
    ON CONFLICT (owner) DO UPDATE SET expires_at = excluded.expires_at
  ),
  sending AS (
    INSERT INTO outbox_sends (owner) VALUES ($1) ON CONFLICT DO NOTHING
  ),
  still AS (
    SELECT l.shard FROM outbox_leases l
    JOIN unnest($3::smallint[], $4::bigint[]) AS held (shard, fence) ON l.shard = held.shard AND l.fence = held.fence
    ORDER BY l.shard FOR UPDATE OF l
  )
  UPDATE outbox_leases l SET expires_at = ${EXPIRY}
  FROM still WHERE l.shard = still.shard
  RETURNING l.shard, l.fence`;

const LOOK_ROUND = `
  SELECT
    ARRAY(SELECT owner FROM outbox_relays WHERE expires_at >= statement_timestamp()) AS members,
    (SELECT count(*)::int FROM outbox_leases WHERE expires_at < statement_timestamp()) AS free,
    (SELECT (extract(epoch FROM min(expires_at) - statement_timestamp()) * 1000)::float8 FROM outbox_relays
      WHERE owner <> $1 AND expires_at >= statement_timestamp()) AS expires_in_ms,
    (SELECT coalesce(json_agg(json_build_object('firstSeq', first_seq, 'lastSeq', last_seq, 'rowCount', row_count)), '[]')
      FROM outbox_sends s WHERE s.row_count > 0 AND s.owner <> $1
        AND NOT EXISTS (SELECT 1 FROM outbox_relays r WHERE r.owner = s.owner AND r.expires_at >= statement_timestamp())
    ) AS deaths,
    (SELECT count(*)::int FROM (SELECT 1 FROM outbox WHERE held LIMIT 1000) AS held) AS held_rows`;

// What another one is taking at this moment is skipped: the two neither wait for each other nor deadlock.
const TAKE = `
  WITH due AS (
    SELECT shard FROM outbox_leases
    WHERE expires_at < statement_timestamp()
    ORDER BY shard LIMIT $3 FOR UPDATE SKIP LOCKED
  )
  UPDATE outbox_leases l SET owner = $1, fence = l.fence + 1, expires_at = ${EXPIRY}
  FROM due WHERE l.shard = due.shard
  RETURNING l.shard, l.fence`;

const GIVE_BACK = `
  UPDATE outbox_leases l SET owner = NULL, expires_at = '-infinity'
  FROM unnest($1::smallint[], $2::bigint[]) AS held (shard, fence)
  WHERE l.shard = held.shard AND l.fence = held.fence`;

const LEAVE = `
  WITH sending AS (DELETE FROM outbox_sends WHERE owner = $1)
  DELETE FROM outbox_relays WHERE owner = $1`;

/** The dead whose rows have all been sent since are forgotten, and after a week everybody. */
const BURY = `
  WITH buried AS (
    DELETE FROM outbox_relays WHERE owner IN (
      SELECT r.owner FROM outbox_relays r LEFT JOIN outbox_sends s ON s.owner = r.owner
      WHERE r.expires_at < statement_timestamp() - interval '1 minute'
        AND (r.expires_at < statement_timestamp() - interval '7 days' OR s.first_seq IS NULL
          OR NOT EXISTS (SELECT 1 FROM outbox o WHERE o.seq BETWEEN s.first_seq AND s.last_seq))
      FOR UPDATE OF r SKIP LOCKED)
    RETURNING owner
  )
  DELETE FROM outbox_sends USING buried WHERE outbox_sends.owner = buried.owner`;

const BURY_EVERY_MS = 60_000;

export class ShardLeases {
  private leases = NONE;
  private deadline = 0;
  private share = 0;
  private living: readonly string[] = [];
  private died: readonly RelayDeath[] = [];
  private setAside = 0;
  private buriedAt = Number.NEGATIVE_INFINITY;
  private foreignExpiry = Number.POSITIVE_INFINITY;
  /** One statement at a time on the connection of the leases. */
  private last: Promise<unknown> = Promise.resolve();

  constructor(private readonly options: ShardLeasesOptions) {}

  /** What is owned, or nothing once the local deadline has passed. */
  get held(): HeldShards {
    return this.remainingMs() > 0 ? this.leases : NONE;
  }

  /** What is owned beyond the fair share. */
  get surplus(): HeldShards {
    const { shards, fences } = this.held;
    return { shards: shards.slice(this.share), fences: fences.slice(this.share) };
  }

  /** True while shards are lacking that the share allows. */
  get isShort(): boolean {
    return this.held.shards.length < this.share;
  }

  /** The relays that live, this one included. */
  get members(): readonly string[] {
    return this.living;
  }

  /** What relays were sending that died in the middle of it, as long as the rows may still be there. */
  get deaths(): readonly RelayDeath[] {
    return this.died;
  }

  /** Rows set aside in the whole outbox, up to 1,000. */
  get heldRows(): number {
    return this.setAside;
  }

  /** How long nobody else can take these shards. */
  remainingMs(): number {
    return this.leases.shards.length === 0 ? 0 : this.deadline - this.options.now();
  }

  /** Until another relay's lease ends, if it is not renewed. */
  foreignExpiryInMs(): number {
    return this.foreignExpiry - this.options.now();
  }

  owns(shard: number, fence: string | undefined): boolean {
    const { shards, fences } = this.held;
    const at = shards.indexOf(shard);
    return at >= 0 && fences[at] === fence;
  }

  /** Says that this relay lives, prolongs what is still owned, and takes what is free, up to the fair share. */
  beat(client: pg.Client): Promise<void> {
    return this.inTurn(async () => {
      await this.renew(client);
      let situation = await this.lookRound(client);
      const lacking = this.share - this.leases.shards.length;
      if (lacking > 0 && situation.free > 0 && (await this.take(client, lacking)) > 0) {
        // Whoever takes the shards of the dead has to know what killed them: their leases and lives ended together.
        situation = await this.lookRound(client);
      }
      this.died = situation.deaths;
      await this.bury(client);
    });
  }

  /**
   * Gives the surplus back. Only when no send of its rows is in flight and its acknowledged rows are deleted: the next
   * owner begins at once.
   */
  async surrender(client: pg.Client): Promise<number> {
    return this.inTurn(async () => {
      const surplus = this.surplus;
      if (surplus.shards.length > 0) {
        this.leases = { shards: this.leases.shards.slice(0, this.share), fences: this.leases.fences.slice(0, this.share) };
        await client.query(GIVE_BACK, [surplus.shards, surplus.fences]);
      }
      return surplus.shards.length;
    });
  }

  /** Gives everything back and is no member any more, so that the successors need not wait for the expiry. */
  async leave(client: pg.Client): Promise<void> {
    return this.inTurn(async () => {
      const { shards, fences } = this.leases;
      this.forget();
      await client.query(GIVE_BACK, [shards, fences]);
      await client.query(LEAVE, [this.options.owner]);
    });
  }

  /** Gives up everything here and leaves the rows to run out: something may still go on under these leases. */
  forget(): void {
    this.leases = NONE;
    this.share = 0;
  }

  /** Tells every relay that shards may have become free. */
  announce(client: pg.Client): Promise<void> {
    return this.inTurn(async () => {
      await client.query(ANNOUNCE);
    });
  }

  private async renew(client: pg.Client): Promise<void> {
    const { owner, ttlMs, now } = this.options;
    const asked = now();
    const { shards, fences } = this.leases;
    const { rows } = await client.query<LeaseRow>(RENEW, [owner, ttlMs, shards, fences]);
    const renewed = new Map(rows.map(({ shard, fence }) => [shard, fence]));
    // In the old order, which says what is surplus. What was given up meanwhile does not come back.
    const still = this.leases.shards.filter((shard) => renewed.has(shard));
    this.leases = { shards: still, fences: still.map((shard) => renewed.get(shard) ?? '') };
    this.deadline = asked + ttlMs;
  }

  private async lookRound(client: pg.Client): Promise<Situation> {
    const { owner, now } = this.options;
    const asked = now();
    const { rows } = await client.query<Situation>(LOOK_ROUND, [owner]);
    const situation = rows[0] ?? { members: [], free: 0, expires_in_ms: null, deaths: [], held_rows: 0 };
    this.living = situation.members;
    this.setAside = situation.held_rows;
    this.share = fairShare(owner, situation.members, SHARDS);
    this.foreignExpiry = situation.expires_in_ms === null ? Number.POSITIVE_INFINITY : asked + situation.expires_in_ms;
    return situation;
  }

  private async take(client: pg.Client, count: number): Promise<number> {
    const { owner, ttlMs } = this.options;
    const { rows } = await client.query<LeaseRow>(TAKE, [owner, ttlMs, count]);
    this.leases = {
      shards: [...this.leases.shards, ...rows.map(({ shard }) => shard)],
      fences: [...this.leases.fences, ...rows.map(({ fence }) => fence)],
    };
    return rows.length;
  }

  /** Removes now and then what relays left behind that are long dead. */
  private async bury(client: pg.Client): Promise<void> {
    const now = this.options.now();
    if (now - this.buriedAt >= BURY_EVERY_MS) {
      this.buriedAt = now;
      await client.query(BURY);
    }
  }

  private inTurn<T>(run: () => Promise<T>): Promise<T> {
    const result = this.last.then(run);
    this.last = result.catch(() => undefined);
    return result;
  }
}
