import type { EntityManager } from 'typeorm';
import type { RunTransaction } from './inbox.js';

export interface InboxCleanerOptions {
  readonly consumer: string;
  readonly transaction: RunTransaction;
  /** How long dedup rows and dead records are kept, at the least. */
  readonly retentionMs: number;
  /** How long it is known what operators did. */
  readonly auditRetentionMs: number;
  /** Rows that one transaction removes; 1,000. */
  readonly batchMax?: number;
}

const BATCH_MAX = 1_000;
/** Names the lock of the one cleaner among a service's instances. */
const LOCK_NAME = 'waybill.inbox-cleaner';

/** The sources one by one through the primary key, without a look at every row. */
const SOURCES = `WITH RECURSIVE known AS (
    SELECT min(source) AS source FROM inbox WHERE consumer = $1
    UNION ALL
    SELECT (SELECT min(source) FROM inbox WHERE consumer = $1 AND source > known.source) FROM known
     WHERE known.source IS NOT NULL
  )
  SELECT source FROM known WHERE source IS NOT NULL`;

// MATERIALIZED, here and below: a subquery with a limit may be asked again for each row, and then the limit is none.
const REMOVE_HANDLED = `WITH old AS MATERIALIZED (
    SELECT id FROM inbox
     WHERE consumer = $1 AND source = $2 AND id < $3 AND processed_at < $4
     ORDER BY id LIMIT $5 FOR UPDATE SKIP LOCKED
  )
  DELETE FROM inbox USING old WHERE inbox.consumer = $1 AND inbox.source = $2 AND inbox.id = old.id`;

const REMOVE_DEAD_RECORDS = `WITH old AS MATERIALIZED (
    SELECT topic, partition, "offset", record_timestamp FROM dead_records
     WHERE consumer = $1 AND at < $2 AND record_timestamp < $2
     ORDER BY at LIMIT $3 FOR UPDATE SKIP LOCKED
  )
  DELETE FROM dead_records d USING old
   WHERE d.consumer = $1 AND d.topic = old.topic AND d.partition = old.partition AND d."offset" = old."offset"
     AND d.record_timestamp = old.record_timestamp`;

/** Ids rise with time: what is old is among the lowest, and no index on the time is needed. */
const REMOVE_AUDIT = `WITH lowest AS MATERIALIZED (SELECT id, at FROM audit ORDER BY id LIMIT $2)
  DELETE FROM audit USING lowest WHERE audit.id = lowest.id AND lowest.at < $1`;

/**
 * Removes what nothing can ask for any more, a bounded batch a transaction, one instance at a time.
 *
 * | row | goes when |
 * | --- | --- |
 * | dedup row | its event's id (a UUIDv7 tells its time) and its processing are both older than the window |
 * | dead record | its record and its burial are both older than the window; the dead-letter topic had a copy |
 * | audit | it is older than the audit's own time |
 *
 * So a record that waited for long, or was replayed, is remembered from its processing on; and an id from the future for
 * as long as it claims.
 */
export class InboxCleaner {
  constructor(private readonly options: InboxCleanerOptions) {}

  /** One round, to be repeated now and then; answers how many rows it has removed. `moved`: after each batch. */
  async clean(now: Date = new Date(), stopping?: AbortSignal, moved?: () => void): Promise<number> {
    const { transaction, batchMax = BATCH_MAX } = this.options;
    let removed = 0;
    for (;;) {
      const batch = await transaction((manager) => this.removeBatch(manager, now, batchMax));
      removed += batch;
      moved?.();
      if (batch === 0 || stopping?.aborted === true) {
        return removed;
      }
    }
  }

  private async removeBatch(manager: EntityManager, now: Date, batchMax: number): Promise<number> {
    const { consumer, retentionMs, auditRetentionMs } = this.options;
    const [lock] = await manager.query<{ taken: boolean }[]>('SELECT pg_try_advisory_xact_lock(hashtext($1)) AS taken', [
      LOCK_NAME,
    ]);
    if (lock?.taken !== true) {
      return 0;
    }
    const before = new Date(now.getTime() - retentionMs);
    let left = batchMax;
    for (const { source } of await manager.query<{ source: string }[]>(SOURCES, [consumer])) {
      left -= await remove(manager, REMOVE_HANDLED, [consumer, source, lowestUuidOf(before), before, left]);
      if (left === 0) {
        return batchMax;
      }
    }
    left -= await remove(manager, REMOVE_DEAD_RECORDS, [consumer, before, left]);
    if (left > 0) {
      left -= await remove(manager, REMOVE_AUDIT, [new Date(now.getTime() - auditRetentionMs), left]);
    }
    return batchMax - left;
  }
}

/** A DELETE answers with its rows and their number. */
async function remove(manager: EntityManager, statement: string, parameters: unknown[]): Promise<number> {
  const [, count] = await manager.query<[unknown[], number]>(statement, parameters);
  return count;
}

/** The least UUIDv7 of a moment: its first 48 bits are milliseconds since 1970. Source: RFC 9562, section 5.7. */
export function lowestUuidOf(moment: Date): string {
  const hex = Math.max(moment.getTime(), 0).toString(16).padStart(12, '0');
  return `${hex.slice(0, 8)}-${hex.slice(8, 12)}-7000-8000-000000000000`;
}
