import { type Queryable, rowsOf } from './queryable.js';

/** How far a backfill is. */
export interface BackfillProgress {
  readonly migration: string;
  readonly rowsDone: number;
  readonly startedAt: Date;
  readonly updatedAt: Date;
  readonly finishedAt: Date | undefined;
}

/** Nothing where no runner has made the table yet. */
export async function backfillProgress(database: Queryable): Promise<readonly BackfillProgress[]> {
  const [table] = await rowsOf<{ there: boolean }>(database, `SELECT to_regclass('schema_backfills') IS NOT NULL AS there`);
  if (!table?.there) {
    return [];
  }
  const rows = await rowsOf<Omit<BackfillProgress, 'rowsDone' | 'finishedAt'> & { rowsDone: string; finishedAt: Date | null }>(
    database,
    `SELECT migration, rows_done AS "rowsDone", started_at AS "startedAt", updated_at AS "updatedAt", finished_at AS "finishedAt"
       FROM schema_backfills ORDER BY started_at`,
  );
  return rows.map((row) => ({ ...row, rowsDone: Number(row.rowsDone), finishedAt: row.finishedAt ?? undefined }));
}

/** Rows of the table by Postgres' statistics; undefined where it has none, or where there is no such table. */
export async function estimatedRows(database: Queryable, table: string): Promise<number | undefined> {
  const [row] = await rowsOf<{ rows: number }>(
    database,
    'SELECT reltuples::float8 AS rows FROM pg_class WHERE oid = to_regclass($1) AND reltuples >= 0',
    [table],
  );
  return row?.rows;
}

/** `40 %`, never 100 before the end: the total is an estimate. */
export function percentOf(rowsDone: number, total: number | undefined): string | undefined {
  return total === undefined || total === 0 ? undefined : `${Math.min(99, Math.floor((rowsDone / total) * 100))} %`;
}
