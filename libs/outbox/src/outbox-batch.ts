import { partitionOf, toHeaders } from '@waybill/contracts';
import type pg from 'pg';
import { SHARDS } from './shard.js';
import type { HeldShards } from './shard-leases.js';

/** A row as the relay reads it: text throughout, never parsed. */
export interface OutboxRow {
  readonly seq: string;
  readonly id: string;
  readonly topic: string;
  readonly aggregatetype: string;
  readonly aggregateid: string;
  readonly version: string;
  readonly type: string;
  readonly payload: string;
  readonly occurred_at: string;
  readonly partitionkey: string;
  readonly correlationid: string;
  readonly causationid: string | null;
  readonly traceparent: string | null;
  readonly tracestate: string | null;
  readonly baggage: string | null;
  readonly deadline: string | null;
  readonly flags: string | null;
}

/** What `publish` gets: one Kafka record. */
export interface OutboxRecord {
  readonly topic: string;
  readonly key: string;
  readonly value: string;
  readonly headers: Readonly<Record<string, string>>;
}

/*
 * One statement deletes what was acknowledged and reads the lowest rows that are left. There is no cursor: the snapshot
 * that sees version 3 of an aggregate sees its version 2, however late that committed. A cursor that runs ahead would
 * send the late one after its successor. Measured: 40-42k rows/s against 43k with a cursor.
 *
 * The fence: a row is read or deleted only while the lease row of its own shard bears our token, which stands at its
 * shard's place in the array $1. So an empty outbox, the usual case, costs one look at an index, and 64 leases nothing.
 * `done` is hashed once. (Written as joins of whole tables, all this made the planner, who takes the outbox for empty,
 * read it 64 times a batch.)
 * A held row holds back the later versions of its aggregate. `earlier` fetches versions that belong before a row of
 * the batch but drew a higher `seq` than all of it (possible only where `append` came before the aggregate's lock).
 */
const FENCED = `EXISTS (
  SELECT 1 FROM outbox_leases l WHERE l.shard = o.shard AND l.fence = ($1::bigint[])[o.shard + 1])`;

const DELETE_AND_READ = `
  WITH done AS MATERIALIZED (SELECT unnest($2::bigint[]) AS seq),
  acknowledged AS (
    DELETE FROM outbox o WHERE o.seq = ANY ($2::bigint[]) AND ${FENCED}
  ),
  lowest AS MATERIALIZED (
    SELECT o.* FROM outbox o
    WHERE NOT o.held AND o.seq NOT IN (SELECT seq FROM done) AND ${FENCED}
      AND NOT EXISTS (
        SELECT 1 FROM outbox h
        WHERE h.held AND h.aggregatetype = o.aggregatetype AND h.aggregateid = o.aggregateid AND h.version < o.version)
    ORDER BY o.seq LIMIT $3
  ),
  earlier AS (
    SELECT predecessor.* FROM lowest,
      -- OFFSET 0 keeps it a look-up for each row, along the index of the versions.
      LATERAL (
        SELECT p.* FROM outbox p
        WHERE p.aggregatetype = lowest.aggregatetype AND p.aggregateid = lowest.aggregateid
          AND p.version < lowest.version
        OFFSET 0) AS predecessor
    WHERE predecessor.seq > (SELECT max(seq) FROM lowest) AND predecessor.seq NOT IN (SELECT seq FROM done)
  )
  SELECT seq, id, topic, aggregatetype, aggregateid, version, type, payload,
    to_char(occurred_at AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.US"Z"') AS occurred_at,
    partitionkey, correlationid, causationid, traceparent, tracestate, baggage, deadline, flags
  FROM (SELECT * FROM lowest UNION ALL SELECT * FROM earlier) AS batch`;

/**
 * Prepares a connection for reading the outbox. Its rows live for milliseconds, so that the planner's statistics say
 * "empty" at one moment and are wrong at the next: what is always right here is the way along the indexes, planned once.
 * A delete that a crash of the server loses is only a row that is sent again, so it need not wait for the disk.
 */
export async function prepareForReading(client: pg.Client): Promise<void> {
  await client.query('SET synchronous_commit = off');
  await client.query('SET enable_seqscan = off');
  await client.query('SET enable_bitmapscan = off');
  // "The lowest rows" is the beginning of an index, never a sort of the whole backlog.
  await client.query('SET enable_sort = off');
  await client.query('SET plan_cache_mode = force_generic_plan');
  await client.query('SET jit = off');
}

/** Deletes the acknowledged rows and returns the next ones, both only in shards whose lease is still ours. */
export async function deleteAndRead(
  client: pg.Client,
  held: HeldShards,
  acknowledged: readonly string[],
  rowsMax: number,
): Promise<OutboxRow[]> {
  const { rows } = await client.query<OutboxRow>({
    name: 'outbox-delete-and-read',
    text: DELETE_AND_READ,
    values: [fencesByShard(held), acknowledged, rowsMax],
  });
  return byVersion(inOrder(rows));
}

const HOLD = `UPDATE outbox o SET held = true, attempts = o.attempts + 1, error = $3 WHERE o.seq = $2 AND ${FENCED}`;

/** Sets a row aside with the broker's reason, if its shard is still ours. */
export async function holdRow(client: pg.Client, held: HeldShards, seq: string, error: string): Promise<void> {
  await client.query(HOLD, [fencesByShard(held), seq, error.slice(0, 2_000)]);
}

/** The token of each shard at its place; null where the shard is not ours, which equals nothing. */
function fencesByShard({ shards, fences }: HeldShards): (string | null)[] {
  const byShard = Array.from<string | null>({ length: SHARDS }).fill(null);
  shards.forEach((shard, index) => {
    byShard[shard] = fences[index] ?? null;
  });
  return byShard;
}

/** Each row once, by `seq`: what was fetched as somebody's predecessor comes last, and may come twice. */
function inOrder(rows: readonly OutboxRow[]): OutboxRow[] {
  const once = new Map(rows.map((row) => [row.seq, row]));
  // Decimal strings without leading zeros: the longer one is the larger one.
  return [...once.values()].sort((a, b) => a.seq.length - b.seq.length || (a.seq < b.seq ? -1 : 1));
}

/** Rows of one aggregate change places among themselves until they stand in the order of their versions. */
export function byVersion(rows: readonly OutboxRow[]): OutboxRow[] {
  const queues = new Map<string, OutboxRow[]>();
  for (const row of rows) {
    const queue = queues.get(aggregateOf(row));
    if (queue === undefined) {
      queues.set(aggregateOf(row), [row]);
    } else {
      queue.push(row);
    }
  }
  for (const queue of queues.values()) {
    queue.sort((a, b) => Number(BigInt(a.version) - BigInt(b.version)));
  }
  return rows.map((row) => queues.get(aggregateOf(row))?.shift() ?? row);
}

/**
 * The longest beginning of the rows of which no partition gets more than `bytesMax`.
 *
 * kafkajs sends one record batch a partition, and the broker refuses a batch whole: too large a batch would make good
 * rows look guilty. What is cut off is read again.
 */
export function withinBytes(rows: readonly OutboxRow[], bytesMax: number): OutboxRow[] {
  const bytes = new Map<string, number>();
  for (const [index, row] of rows.entries()) {
    const partition = `${row.topic}/${partitionOf(row.topic, row.partitionkey)}`;
    const sum = (bytes.get(partition) ?? 0) + sizeOf(row);
    if (sum > bytesMax && index > 0) {
      return rows.slice(0, index);
    }
    bytes.set(partition, sum);
  }
  return [...rows];
}

/** Names and values of the headers come to some 600 bytes; baggage may be much more. */
function sizeOf(row: OutboxRow): number {
  return Buffer.byteLength(row.payload) + (row.baggage?.length ?? 0) + (row.tracestate?.length ?? 0) + 800;
}

export function toRecord(row: OutboxRow, source: string): OutboxRecord {
  return {
    topic: row.topic,
    key: row.partitionkey,
    value: row.payload,
    headers: toHeaders({
      id: row.id,
      source,
      type: row.type,
      subject: row.aggregateid,
      time: row.occurred_at,
      version: row.version,
      partitionKey: row.partitionkey,
      correlationId: row.correlationid,
      causationId: row.causationid ?? undefined,
      deadline: row.deadline ?? undefined,
      flags: row.flags ?? undefined,
      traceparent: row.traceparent ?? undefined,
      tracestate: row.tracestate ?? undefined,
      baggage: row.baggage ?? undefined,
    }),
  };
}

export function aggregateOf(row: OutboxRow): string {
  return `${row.aggregatetype}:${row.aggregateid}`;
}
