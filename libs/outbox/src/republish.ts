import type { EntityManager } from 'typeorm';
import { openTransaction } from './open-transaction.js';
import { markForWakeUp } from './outbox-signal.js';

interface Aggregate {
  readonly type: string;
  readonly id: string;
}

export interface RepublishOptions {
  /** Events that Kafka acknowledged at this moment or later. */
  readonly since: Date;
  /** And before this one; now, unless told. */
  readonly until?: Date;
  /** Only those of one aggregate. */
  readonly aggregate?: Aggregate;
  /** Aggregates in this transaction; 1,000. Each comes with all of its events in question. */
  readonly aggregatesMax?: number;
}

export interface Republished {
  readonly events: number;
  readonly aggregates: number;
}

const AGGREGATES_MAX = 1_000;

/*
 * While this lock is held no relay reads or deletes: its one statement asks the leases, and takes its snapshot only when
 * it has got through. What a relay is sending at this moment it cannot delete any more, because the fences of these
 * shards go up; it is sent again, behind what is put back. Nobody gets the shards before their leases end, and by then
 * that send is over.
 */
const STOP_RELAYS = 'LOCK TABLE outbox_leases IN ACCESS EXCLUSIVE MODE';

/** The aggregates of the events that were archived first. Looked for while relays still work: this may take long. */
const CHOOSE = `
  SELECT DISTINCT aggregatetype AS type, aggregateid AS id FROM (
    SELECT aggregatetype, aggregateid FROM outbox_archive
    WHERE archived_at >= $1 AND archived_at < coalesce($2, now()) ORDER BY archived_at LIMIT $3) AS first`;

const PUT_BACK = `
  WITH aggregates AS MATERIALIZED (SELECT * FROM unnest($3::text[], $4::text[]) AS g (aggregatetype, aggregateid)),
  taken AS (
    DELETE FROM outbox_archive a USING aggregates g
    WHERE a.aggregatetype = g.aggregatetype AND a.aggregateid = g.aggregateid
      AND a.archived_at >= $1 AND a.archived_at < coalesce($2, now())
    RETURNING a.*
  ),
  back AS (
    INSERT INTO outbox (seq, id, shard, topic, aggregatetype, aggregateid, version, type, payload, occurred_at,
      partitionkey, correlationid, causationid, traceparent, tracestate, baggage, deadline, flags)
    OVERRIDING SYSTEM VALUE
    SELECT seq, id, shard, topic, aggregatetype, aggregateid, version, type, payload, occurred_at,
      partitionkey, correlationid, causationid, traceparent, tracestate, baggage, deadline, flags
    FROM taken
    RETURNING shard, aggregatetype, aggregateid
  ),
  fenced AS (
    UPDATE outbox_leases SET owner = 'republish', fence = fence + 1 WHERE shard IN (SELECT shard FROM back)
  )
  SELECT count(*)::int AS events, count(DISTINCT (aggregatetype, aggregateid))::int AS aggregates FROM back`;

/**
 * Puts archived events back into the outbox: the relays send them again, with their own ids and in the order of their
 * versions, *before* anything of these aggregates that still waits. So a topic that was lost is filled again; whoever
 * knows an event already drops it by its id.
 *
 * One transaction puts back at most `aggregatesMax` aggregates, so that the relays are not stopped for long. Call it
 * with the same `until` until it returns 0 events: what has been sent again is archived later than that.
 * The shards concerned rest until their leases end, at most `leaseTtlMs`.
 *
 * @throws NotInTransactionError outside a transaction
 */
export async function republish(manager: EntityManager, options: RepublishOptions): Promise<Republished> {
  const runner = openTransaction(manager, 'republish');
  const { since, until = null, aggregate, aggregatesMax = AGGREGATES_MAX } = options;
  const chosen =
    aggregate === undefined ? ((await runner.query(CHOOSE, [since, until, aggregatesMax])) as Aggregate[]) : [aggregate];
  await runner.query(STOP_RELAYS);
  const rows = (await runner.query(PUT_BACK, [
    since,
    until,
    chosen.map(({ type }) => type),
    chosen.map(({ id }) => id),
  ])) as Republished[];
  markForWakeUp(runner);
  return rows[0] ?? { events: 0, aggregates: 0 };
}
