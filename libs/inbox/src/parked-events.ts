import type { EntityManager } from 'typeorm';
import { decodeHeaders,type HeaderPairs, headerPairs } from './inbox-record.js';

/** An event that waits or is dead, without its payload. */
export interface ParkedRow {
  readonly consumer: string;
  readonly source: string;
  readonly id: string;
  readonly topic: string;
  readonly partition: number;
  readonly offset: string;
  readonly key: string;
  readonly type: string;
  readonly subject: string;
  readonly sequence: string;
  readonly state: 'waiting' | 'dead';
  readonly attempts: number;
  readonly errorClass: string | null;
  readonly error: string | null;
  readonly correlationId: string | null;
  readonly traceparent: string | null;
  readonly recordTimestamp: Date;
  readonly parkedAt: Date;
  readonly diedAt: Date | null;
  /** When the head of its key is tried next; null while the key waits for an operator. */
  readonly nextAttemptAt: Date | null;
}

/** One of them as a whole. */
export interface ParkedDetail extends ParkedRow {
  readonly payload: Buffer | null;
  readonly headers: HeaderPairs;
}

export interface ParkedFilter {
  readonly consumer?: string | undefined;
  readonly state?: 'waiting' | 'dead' | undefined;
  readonly topic?: string | undefined;
  readonly key?: string | undefined;
  readonly type?: string | undefined;
  readonly errorClass?: string | undefined;
  /** Died, or was parked, at this moment or later. */
  readonly since?: Date | undefined;
  readonly limit: number;
}

const COLUMNS = `p.consumer, p.source, p.id, p.topic, p.partition, p."offset", p.key, p.type, p.subject, p.sequence, p.state,
  p.attempts, p.error_class AS "errorClass", p.error, p.correlationid AS "correlationId", p.traceparent,
  p.record_timestamp AS "recordTimestamp", p.parked_at AS "parkedAt", p.died_at AS "diedAt",
  k.next_attempt_at AS "nextAttemptAt"`;

const FROM = `FROM parked p
  LEFT JOIN parked_keys k ON k.consumer = p.consumer AND k.topic = p.topic AND k.key = p.key`;

/** The events of each key in their order. */
export async function listParked(
  manager: EntityManager,
  { consumer, state, topic, key, type, errorClass, since, limit }: ParkedFilter,
): Promise<ParkedRow[]> {
  return manager.query<ParkedRow[]>(
    `SELECT ${COLUMNS} ${FROM}
      WHERE ($1::text IS NULL OR p.consumer = $1) AND ($2::text IS NULL OR p.state = $2)
        AND ($3::text IS NULL OR p.topic = $3) AND ($4::text IS NULL OR p.key = $4) AND ($5::text IS NULL OR p.type = $5)
        AND ($6::text IS NULL OR p.error_class = $6)
        AND ($7::timestamptz IS NULL OR coalesce(p.died_at, p.parked_at) >= $7)
      ORDER BY p.consumer, p.topic, p.key, p.sequence, p."offset" LIMIT $8`,
    [consumer ?? null, state ?? null, topic ?? null, key ?? null, type ?? null, errorClass ?? null, since ?? null, limit],
  );
}

/** The parked event with this id, of any source; undefined when there is none. */
export async function findParked(manager: EntityManager, consumer: string, id: string): Promise<ParkedDetail | undefined> {
  const [row] = await manager.query<(ParkedRow & { payload: Buffer | null; headers: Buffer })[]>(
    `SELECT ${COLUMNS}, p.payload, p.headers ${FROM} WHERE p.consumer = $1 AND p.id = $2`,
    [consumer, id],
  );
  return row === undefined ? undefined : { ...row, headers: headerPairs(decodeHeaders(row.headers).rawHeaders) };
}

/** Each counted up to 1,000: it says whether something is wrong, and is asked for every few seconds. */
export interface ParkedCounts {
  /** Keys that are tried again by themselves, and those that wait for an operator. */
  readonly closedKeys: number;
  readonly waitingEvents: number;
  readonly deadEvents: number;
}

const COUNT_MAX = 1_000;

export async function countParked(manager: EntityManager, consumer: string): Promise<ParkedCounts> {
  const [row] = await manager.query<ParkedCounts[]>(
    `SELECT (SELECT count(*) FROM (SELECT FROM parked_keys WHERE consumer = $1 LIMIT $2) k)::integer AS "closedKeys",
            (SELECT count(*) FROM (SELECT FROM parked WHERE consumer = $1 AND state = 'waiting' LIMIT $2) w)::integer
              AS "waitingEvents",
            (SELECT count(*) FROM (SELECT FROM parked WHERE consumer = $1 AND state = 'dead' LIMIT $2) d)::integer
              AS "deadEvents"`,
    [consumer, COUNT_MAX],
  );
  return row ?? { closedKeys: 0, waitingEvents: 0, deadEvents: 0 };
}

/** A record that was no event at all. */
export interface DeadRecord {
  readonly consumer: string;
  readonly topic: string;
  readonly partition: number;
  readonly offset: string;
  readonly reason: string;
  readonly at: Date;
}

/** The newest first. */
export async function listDeadRecords(
  manager: EntityManager,
  { consumer, limit }: { readonly consumer?: string | undefined; readonly limit: number },
): Promise<DeadRecord[]> {
  return manager.query<DeadRecord[]>(
    `SELECT consumer, topic, partition, "offset", reason, at FROM dead_records
      WHERE $1::text IS NULL OR consumer = $1 ORDER BY at DESC LIMIT $2`,
    [consumer ?? null, limit],
  );
}

/** An event that was handled. */
export interface HandledRow {
  readonly consumer: string;
  readonly source: string;
  readonly id: string;
  readonly outcome: 'done' | 'stale' | 'discarded';
  readonly topic: string;
  readonly partition: number;
  readonly offset: string;
  readonly subject: string;
  readonly sequence: string;
  readonly processedAt: Date;
}

export interface HandledFilter {
  readonly id?: string | undefined;
  readonly topic?: string | undefined;
  /** Handled at this moment or later. */
  readonly since?: Date | undefined;
  readonly subject?: string | undefined;
  readonly outcome?: 'done' | 'stale' | 'discarded' | undefined;
  /** Where neither id nor subject is given: how many of each producer's newest events are looked at; 10,000. */
  readonly among?: number;
  readonly limit: number;
}

/** So few that it takes no time, and more than anybody reads. */
const AMONG = 10_000;

/**
 * The newest events of each producer, through the primary key: their ids are UUIDv7, and rise with time. An index on
 * `processed_at` would be paid for with each event that is handled.
 */
const NEWEST = `(WITH RECURSIVE known AS (
    (SELECT consumer, source FROM inbox ORDER BY consumer, source LIMIT 1)
    UNION ALL
    SELECT next.consumer, next.source FROM known CROSS JOIN LATERAL (
      SELECT consumer, source FROM inbox WHERE (consumer, source) > (known.consumer, known.source)
       ORDER BY consumer, source LIMIT 1) AS next
  )
  SELECT newest.* FROM known CROSS JOIN LATERAL (
    SELECT * FROM inbox WHERE consumer = known.consumer AND source = known.source ORDER BY id DESC LIMIT $2) AS newest
  )`;

/** The newest first. */
export async function listHandled(
  manager: EntityManager,
  { id, topic, since, subject, outcome, among = AMONG, limit }: HandledFilter,
): Promise<HandledRow[]> {
  const wanted: readonly (readonly [condition: string, value: unknown])[] = [
    ['id =', id],
    ['subject =', subject],
    ['outcome =', outcome],
    ['topic =', topic],
    ['processed_at >=', since],
  ];
  const hasIndex = id !== undefined || subject !== undefined;
  const first = hasIndex ? [limit] : [limit, among];
  // Only what was asked for: a plan for `$1 IS NULL OR subject = $1` cannot use an index.
  const given = wanted.filter(([, value]) => value !== undefined);
  const where = given.map(([condition], n) => `${condition} $${n + first.length + 1}`).join(' AND ');
  return manager.query<HandledRow[]>(
    `SELECT consumer, source, id, outcome, topic, partition, "offset", subject, sequence, processed_at AS "processedAt"
       FROM ${hasIndex ? 'inbox' : NEWEST} AS handled ${where === '' ? '' : `WHERE ${where}`}
      ORDER BY processed_at DESC LIMIT $1`,
    [...first, ...given.map(([, value]) => value)],
  );
}
