import type pg from 'pg';

export interface OutboxArchiveCleanerOptions {
  /** Days that an acknowledged event is kept; 0: what is still there goes. */
  readonly days: number;
  /** Opens a connection of its own. */
  readonly connect: () => Promise<pg.Client>;
  /** Rows of one transaction: so few that nobody notices; 1,000. */
  readonly batchRowsMax?: number;
}

const BATCH_ROWS_MAX = 1_000;

// One instance at a time: others that come meanwhile find nothing to do. What `republish` has in hand is skipped.
const CLEAN = `
  WITH old AS (
    SELECT seq FROM outbox_archive
    WHERE archived_at < now() - $1 * interval '1 day'
    ORDER BY archived_at LIMIT $2 FOR UPDATE SKIP LOCKED
  )
  DELETE FROM outbox_archive a USING old WHERE a.seq = old.seq`;

/** Removes what has been in the archive long enough, a bounded batch at a time, by one instance at a time. */
export class OutboxArchiveCleaner {
  constructor(private readonly options: OutboxArchiveCleanerOptions) {}

  /** One round, to be repeated now and then; ends after the batch in hand when it is to stop. `moved`: after each batch. */
  async clean(stopping?: AbortSignal, moved?: () => void): Promise<void> {
    const rowsMax = this.options.batchRowsMax ?? BATCH_ROWS_MAX;
    const client = await this.options.connect();
    try {
      let removed: number;
      do {
        removed = await this.cleanBatch(client, rowsMax);
        moved?.();
      } while (removed === rowsMax && stopping?.aborted !== true);
    } finally {
      await client.end().catch(() => undefined);
    }
  }

  private async cleanBatch(client: pg.Client, rowsMax: number): Promise<number> {
    await client.query('BEGIN');
    try {
      const { rows } = await client.query<{ mine: boolean }>(
        `SELECT pg_try_advisory_xact_lock(hashtext('waybill outbox archive cleaner')) AS mine`,
      );
      const removed = rows[0]?.mine === true ? await client.query(CLEAN, [this.options.days, rowsMax]) : undefined;
      await client.query('COMMIT');
      return removed?.rowCount ?? 0;
    } catch (error) {
      await client.query('ROLLBACK').catch(() => undefined);
      throw error;
    }
  }
}
