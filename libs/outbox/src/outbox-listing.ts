import type { EntityManager } from 'typeorm';

/** A row of the outbox, as an operator sees it. */
export interface ListedRow {
  readonly id: string;
  readonly seq: string;
  /** `held`: set aside with an error. `behind`: waits for a held one of its aggregate. `waiting`: on its way. */
  readonly state: 'waiting' | 'held' | 'behind';
  readonly topic: string;
  readonly aggregateType: string;
  readonly aggregateId: string;
  readonly version: string;
  readonly type: string;
  readonly occurredAt: Date;
  /** How often the broker refused it, or a process died of it. */
  readonly attempts: number;
  readonly error: string | null;
  readonly traceparent: string | null;
  readonly correlationId: string;
}

export interface ShownRow extends ListedRow {
  readonly payload: string;
  readonly partitionKey: string;
  readonly causationId: string | null;
  /** Of a raw row: the record as JSON, its bytes in base64. */
  readonly raw: string | null;
}

export interface ListOptions {
  readonly state?: ListedRow['state'];
  readonly type?: string;
  readonly aggregateType?: string;
  readonly aggregateId?: string;
  /** Rows that were written at least so long ago. */
  readonly olderThanMs?: number;
  /** Rows behind this one; for the next page the `seq` of the last row. */
  readonly afterSeq?: string;
  /** 100 */
  readonly limit?: number;
}

const STATE = `CASE WHEN o.held THEN 'held' WHEN EXISTS (
    SELECT 1 FROM outbox h WHERE h.held AND h.aggregatetype = o.aggregatetype AND h.aggregateid = o.aggregateid
      AND h.version < o.version) THEN 'behind' ELSE 'waiting' END`;

const LISTED = `o.id, o.seq, ${STATE} AS state, o.topic, o.aggregatetype AS "aggregateType", o.aggregateid AS "aggregateId",
  o.version, o.type, o.occurred_at AS "occurredAt", o.attempts, o.error, o.traceparent, o.correlationid AS "correlationId"`;

const LIST = `
  SELECT ${LISTED} FROM outbox o
  WHERE ($1::text IS NULL OR ${STATE} = $1) AND ($2::text IS NULL OR o.type = $2)
    AND ($3::text IS NULL OR o.aggregatetype = $3) AND ($4::text IS NULL OR o.aggregateid = $4)
    AND ($5::float8 IS NULL OR o.occurred_at <= clock_timestamp() - $5 * interval '1 millisecond')
    AND o.seq > $6
  ORDER BY o.seq LIMIT $7`;

const SHOW = `
  SELECT ${LISTED}, o.payload, o.partitionkey AS "partitionKey", o.causationid AS "causationId", o.raw
  FROM outbox o WHERE o.id = $1`;

/** What waits in the outbox, oldest first, a page at a time. */
export async function listOutbox(manager: EntityManager, options: ListOptions = {}): Promise<ListedRow[]> {
  return manager.query(LIST, [
    options.state ?? null,
    options.type ?? null,
    options.aggregateType ?? null,
    options.aggregateId ?? null,
    options.olderThanMs ?? null,
    options.afterSeq ?? '0',
    options.limit ?? 100,
  ]);
}

/** One row with its payload; undefined when it is not there, or not any more. */
export async function showOutbox(manager: EntityManager, id: string): Promise<ShownRow | undefined> {
  const rows = await manager.query<ShownRow[]>(SHOW, [id]);
  return rows[0];
}
