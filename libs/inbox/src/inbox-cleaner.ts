import type { EntityManager } from 'typeorm';
import type { RunTransaction } from './inbox.js';

export interface InboxCleanerOptions {
  readonly consumer: string;
  readonly transaction: RunTransaction;
  /** How long a dedup row is kept, at the least. */
  readonly retentionMs: number;
  /** Rows that one statement removes; 1,000. */
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

/** MATERIALIZED: a subquery with a limit may be asked again for each row, and then the limit is none. */
const REMOVE = `WITH old AS MATERIALIZED (
    SELECT id FROM inbox
     WHERE consumer = $1 AND source = $2 AND id < $3 AND processed_at < $4
     ORDER BY id LIMIT $5 FOR UPDATE SKIP LOCKED
  )
  DELETE FROM inbox USING old WHERE inbox.consumer = $1 AND inbox.source = $2 AND inbox.id = old.id`;

/**
 * Removes dedup rows that nothing can ask for any more, a bounded batch a transaction, one instance at a time.
 *
 * A row goes only when both its event's id (a UUIDv7 tells its time) and its processing are older than the window: a
 * record that waited for long, or was replayed, is remembered from its processing on; and an id from the future for as
 * long as it claims.
 */
export class InboxCleaner {
  constructor(private readonly options: InboxCleanerOptions) {}

  /** One round, to be repeated now and then; answers how many rows it has removed. */
  async clean(now: Date = new Date(), stopping?: AbortSignal): Promise<number> {
    const { transaction, batchMax = BATCH_MAX } = this.options;
    const before = new Date(now.getTime() - this.options.retentionMs);
    let removed = 0;
    for (;;) {
      const batch = await transaction((manager) => this.removeBatch(manager, before, batchMax));
      removed += batch;
      if (batch === 0 || stopping?.aborted === true) {
        return removed;
      }
    }
  }

  private async removeBatch(manager: EntityManager, before: Date, batchMax: number): Promise<number> {
    const { consumer } = this.options;
    const [lock] = await manager.query<{ taken: boolean }[]>('SELECT pg_try_advisory_xact_lock(hashtext($1)) AS taken', [
      LOCK_NAME,
    ]);
    if (lock?.taken !== true) {
      return 0;
    }
    let removed = 0;
    for (const { source } of await manager.query<{ source: string }[]>(SOURCES, [consumer])) {
      // A DELETE answers with its rows and their number.
      const [, count] = await manager.query<[unknown[], number]>(REMOVE, [
        consumer,
        source,
        lowestUuidOf(before),
        before,
        batchMax - removed,
      ]);
      removed += count;
      if (removed >= batchMax) {
        break;
      }
    }
    return removed;
  }
}

/** The least UUIDv7 of a moment: its first 48 bits are milliseconds since 1970. Source: RFC 9562, section 5.7. */
export function lowestUuidOf(moment: Date): string {
  const hex = Math.max(moment.getTime(), 0).toString(16).padStart(12, '0');
  return `${hex.slice(0, 8)}-${hex.slice(8, 12)}-7000-8000-000000000000`;
}
