import { partitionOf } from '@waybill/contracts';
import type pg from 'pg';
import { SHARDS } from './shard.js';
import type { HeldShards } from './shard-leases.js';

/** A row as the relay reads it: text throughout, never parsed. */
export interface OutboxRow {
  readonly seq: string;
  readonly id: string;
  readonly shard: number;
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
  /** Of a raw row: the record as it is to be sent. */
  readonly raw: string | null;
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
 * `running` bounds the memory that a batch of large payloads takes; it asks for their sizes, which does not load them.
 * `sending` notes what is read and so about to be sent: were the process to die of it, its successor would know.
 */
const FENCED = `EXISTS (
  SELECT 1 FROM outbox_leases l WHERE l.shard = o.shard AND l.fence = ($1::bigint[])[o.shard + 1])`;

const ARCHIVED = `seq, id, shard, topic, aggregatetype, aggregateid, version, type, payload, occurred_at, partitionkey,
  correlationid, causationid, traceparent, tracestate, baggage, deadline, flags`;

const ACKNOWLEDGED = `DELETE FROM outbox o WHERE o.seq = ANY ($2::bigint[]) AND ${FENCED}`;

/** Raw rows are copies of what is kept elsewhere: they are never archived. */
const ACKNOWLEDGED_TO_ARCHIVE = `${ACKNOWLEDGED} RETURNING o.*
  ), archived AS (
    INSERT INTO outbox_archive (${ARCHIVED}) SELECT ${ARCHIVED} FROM acknowledged WHERE raw IS NULL`;

const SELECTED = `seq, id, shard, topic, aggregatetype, aggregateid, version, type, payload,
  to_char(occurred_at AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.US"Z"') AS occurred_at,
  partitionkey, correlationid, causationid, traceparent, tracestate, baggage, deadline, flags, raw`;

const deleteAndReadStatement = (acknowledged: string): string => `
  WITH done AS MATERIALIZED (SELECT unnest($2::bigint[]) AS seq),
  acknowledged AS (
    ${acknowledged}
  ),
  lowest AS MATERIALIZED (
    SELECT * FROM (
      SELECT o.*, octet_length(o.payload) AS own,
        sum(octet_length(o.payload) + coalesce(octet_length(o.raw), 0)) OVER (ORDER BY o.seq ROWS UNBOUNDED PRECEDING) AS running
      FROM outbox o
      WHERE NOT o.held AND ($1::bigint[])[o.shard + 1] IS NOT NULL AND o.seq NOT IN (SELECT seq FROM done) AND ${FENCED}
        AND NOT EXISTS (
          SELECT 1 FROM outbox h
          WHERE h.held AND h.aggregatetype = o.aggregatetype AND h.aggregateid = o.aggregateid AND h.version < o.version)
      ORDER BY o.seq LIMIT $3) AS within_rows
    WHERE running - own - coalesce(octet_length(raw), 0) < $4
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
  ),
  batch AS (
    SELECT CASE WHEN $6 THEN min(seq) END AS first_seq, CASE WHEN $6 THEN max(seq) END AS last_seq,
      CASE WHEN $6 THEN count(*)::int ELSE 0 END AS row_count
    FROM (SELECT seq FROM lowest UNION ALL SELECT seq FROM earlier) AS read
  ),
  sending AS (
    UPDATE outbox_sends s SET first_seq = batch.first_seq, last_seq = batch.last_seq, row_count = batch.row_count
    FROM batch WHERE s.owner = $5
      AND (s.first_seq, s.last_seq, s.row_count) IS DISTINCT FROM (batch.first_seq, batch.last_seq, batch.row_count)
  )
  SELECT ${SELECTED} FROM lowest UNION ALL SELECT ${SELECTED} FROM earlier`;

const DELETE_AND_READ = { name: 'outbox-delete-and-read', text: deleteAndReadStatement(ACKNOWLEDGED) };
const ARCHIVE_AND_READ = { name: 'outbox-archive-and-read', text: deleteAndReadStatement(ACKNOWLEDGED_TO_ARCHIVE) };

/** What a batch may take of memory, beside its last row. The bound for one partition is another: see withinBytes. */
const READ_BYTES_MAX = 4 * 1024 * 1024;

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

export interface ReadOptions {
  /** Whose sends are noted. */
  readonly owner: string;
  readonly rowsMax: number;
  /** Acknowledged rows move to the archive instead of being deleted. */
  readonly archive: boolean;
  /** False: what is read is not noted as what a death would be blamed on. */
  readonly note: boolean;
}

/** Deletes the acknowledged rows and returns the next ones, both only in shards whose lease is still ours. */
export async function deleteAndRead(
  client: pg.Client,
  held: HeldShards,
  acknowledged: readonly string[],
  { owner, rowsMax, archive, note }: ReadOptions,
): Promise<OutboxRow[]> {
  const { rows } = await client.query<OutboxRow>({
    ...(archive ? ARCHIVE_AND_READ : DELETE_AND_READ),
    values: [fencesByShard(held), `{${acknowledged.join(',')}}`, rowsMax, READ_BYTES_MAX, owner, note],
  });
  return byVersion(inOrder(rows));
}

const NOTE = `UPDATE outbox_sends SET first_seq = $2, last_seq = $3, row_count = $4 WHERE owner = $1`;

/** Notes that only these of the rows read are sent now. */
export async function noteSending(client: pg.Client, owner: string, rows: readonly OutboxRow[]): Promise<void> {
  const seqs = rows.map(({ seq }) => Number(seq));
  await client.query(NOTE, [owner, Math.min(...seqs), Math.max(...seqs), rows.length]);
}

/** Nothing is being sent: whatever ends the process now, the rows are not to blame. */
export async function noteNothing(client: pg.Client, owner: string): Promise<void> {
  await client.query(NOTE, [owner, null, null, 0]);
}

const HOLD = `UPDATE outbox o SET held = true, attempts = o.attempts + $4, error = $3 WHERE o.seq = $2 AND ${FENCED}`;

/** Sets a row aside with the reason, if its shard is still ours. */
export async function holdRow(client: pg.Client, held: HeldShards, seq: string, error: string, attempts = 1): Promise<void> {
  await client.query(HOLD, [fencesByShard(held), seq, error.slice(0, 2_000), attempts]);
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
function inOrder(rows: readonly OutboxRow[]): readonly OutboxRow[] {
  // Nearly always they are.
  if (rows.every((row, index) => index === 0 || Number(rows[index - 1]?.seq) < Number(row.seq))) {
    return rows;
  }
  return [...new Map(rows.map((row) => [row.seq, row])).values()].sort((a, b) => Number(a.seq) - Number(b.seq));
}

/** Rows of one aggregate change places among themselves until they stand in the order of their versions. */
export function byVersion(rows: readonly OutboxRow[]): OutboxRow[] {
  const queues = new Map<string, OutboxRow[]>();
  let ordered = true;
  for (const row of rows) {
    const aggregate = aggregateOf(row);
    const queue = queues.get(aggregate);
    if (queue === undefined) {
      queues.set(aggregate, [row]);
    } else {
      ordered &&= Number(queue.at(-1)?.version) < Number(row.version);
      queue.push(row);
    }
  }
  if (ordered) {
    return [...rows];
  }
  for (const queue of queues.values()) {
    queue.sort((a, b) => Number(a.version) - Number(b.version));
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
  return Buffer.byteLength(row.payload) + (row.raw?.length ?? 0) + (row.baggage?.length ?? 0) + (row.tracestate?.length ?? 0) + 800;
}

export function aggregateOf(row: OutboxRow): string {
  return `${row.aggregatetype}:${row.aggregateid}`;
}
