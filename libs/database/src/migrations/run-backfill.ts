import { sqlStateOf } from '../database-errors.js';
import type { Backfill } from '../migration.js';
import { pressureInWords, readPressure } from './backfill-pressure.js';
import { estimatedRows, percentOf } from './backfill-progress.js';
import type { KnownMigration } from './known-migrations.js';
import { MigrationFailedError, MigrationInterruptedError, MigrationStuckError } from './migration-errors.js';
import type { MigrationSession } from './migration-session.js';
import type { MigrationSettings } from './migration-settings.js';
import { ATTEMPTS_MAX, backoffMs, LOCK_TIMEOUT_MS, pause, STATEMENT_TIMEOUT_MS } from './migration-step.js';
import { type Queryable, rowsOf } from './queryable.js';

const BATCH_ROWS = 1_000;
const WORD_EVERY_MS = 2_000;
const PRESSURE_PAUSE_MS = 250;
const PRESSURE_PAUSE_MAX_MS = 2_000;
/** Not got its lock, a deadlock, a serialization failure: the batch is undone, and the next try may do. */
const RETRIABLE = new Set(['55P03', '40P01', '40001']);

/**
 * Fills one table, batch by batch in the order of its key. A batch commits together with its key in schema_backfills, so
 * whoever comes after a kill -9 goes on behind the last one that committed: every row once.
 *
 * Before each batch it looks for sessions that wait for locks on the table, and for replicas that are behind, and holds
 * back while there are any. Returns when no row is left; the caller writes down that it has run.
 */
export async function runBackfill(known: KnownMigration, session: MigrationSession, settings: MigrationSettings): Promise<void> {
  const backfill = known.migration.backfill;
  if (backfill === undefined) {
    return;
  }
  const { own } = session;
  const plan = await planOf(known.name, backfill, own);
  let { behind, rowsDone } = await begin(own, known.name);
  const total = await estimatedRows(own, backfill.table);
  const words = progressWords(known.name, rowsDone, total, settings.log);
  for (;;) {
    if (settings.signal?.aborted) {
      throw new MigrationInterruptedError(known.name);
    }
    await holdBack(known.name, backfill, own, settings, (reason) => words(rowsDone, reason));
    const batch = await batchWithRetries(known, plan, behind, own, settings);
    if (batch === undefined) {
      return;
    }
    behind = batch.lastKey;
    rowsDone += batch.rows;
    words(rowsDone);
    if (backfill.pauseMs !== undefined && backfill.pauseMs > 0) {
      await pause(backfill.pauseMs, known.name, settings.signal);
    }
  }
}

/** The statements of a batch, with names that are quoted and types that are known. */
interface BatchPlan {
  readonly first: string;
  readonly next: string;
  readonly change: string;
  readonly batchRows: number;
}

/** @throws MigrationFailedError where batches by this key would miss rows */
async function planOf(name: string, { table, key, statement, batchRows = BATCH_ROWS }: Backfill, own: Queryable): Promise<BatchPlan> {
  const [column] = await rowsOf<{ table: string; key: string; type: string; unique: boolean }>(
    own,
    `SELECT a.attrelid::regclass::text AS table, quote_ident(a.attname) AS key, format_type(a.atttypid, a.atttypmod) AS type,
            a.attnotnull AND EXISTS (SELECT 1 FROM pg_index i
              WHERE i.indrelid = a.attrelid AND i.indisunique AND i.indisvalid AND i.indpred IS NULL
                AND i.indnkeyatts = 1 AND i.indkey[0] = a.attnum) AS unique
       FROM pg_attribute a WHERE a.attrelid = to_regclass($1) AND a.attname = $2 AND NOT a.attisdropped`,
    [table, key],
  );
  if (column?.unique !== true) {
    const got = column === undefined ? 'there is no such column' : 'it may be null or come twice';
    throw new MigrationFailedError(
      `${name} goes through ${table} by ${key}, and ${got}: expected a column that is NOT NULL and has a unique index of its own.`,
    );
  }
  const select = (condition: string) =>
    `SELECT ${column.key}::text AS key FROM ${column.table} ${condition} ORDER BY ${column.table}.${column.key} LIMIT ${batchRows}`;
  return { first: select(''), next: select(`WHERE ${column.key} > $1::${column.type}`), change: statement, batchRows };
}

async function begin(own: Queryable, name: string): Promise<{ behind: string | undefined; rowsDone: number }> {
  await own.query('INSERT INTO schema_backfills (migration) VALUES ($1) ON CONFLICT DO NOTHING', [name]);
  const [row] = await rowsOf<{ key: string | null; rows: string }>(
    own,
    'SELECT last_key AS key, rows_done AS rows FROM schema_backfills WHERE migration = $1',
    [name],
  );
  return { behind: row?.key ?? undefined, rowsDone: Number(row?.rows ?? 0) };
}

interface Batch {
  readonly rows: number;
  readonly lastKey: string;
}

async function batchWithRetries(
  known: KnownMigration,
  plan: BatchPlan,
  behind: string | undefined,
  own: Queryable,
  settings: MigrationSettings,
): Promise<Batch | undefined> {
  const attemptsMax = settings.attemptsMax ?? ATTEMPTS_MAX;
  for (let attempt = 1; ; attempt++) {
    try {
      return await oneBatch(known, plan, behind, own);
    } catch (error) {
      await own.query('ROLLBACK').catch(() => undefined);
      if (settings.signal?.aborted) {
        throw new MigrationInterruptedError(known.name, { cause: error });
      }
      const where = `the batch behind ${behind === undefined ? 'the beginning' : `the key ${behind}`}`;
      if (!RETRIABLE.has(sqlStateOf(error) ?? '')) {
        const reason = error instanceof Error ? error.message : String(error);
        throw new MigrationFailedError(
          `${known.name} failed in ${where}: ${reason}. The batches before it stay; correct what is wrong and run it again, it goes on there.`,
          { cause: error },
        );
      }
      if (attempt >= attemptsMax) {
        throw new MigrationStuckError(
          `${known.name} did not get its locks for ${where} in ${attempt} tries. The batches before it stay; run it again in a quieter hour.`,
          { cause: error },
        );
      }
      await pause(backoffMs(attempt), known.name, settings.signal);
    }
  }
}

async function oneBatch(
  { name, migration }: KnownMigration,
  plan: BatchPlan,
  behind: string | undefined,
  own: Queryable,
): Promise<Batch | undefined> {
  await own.query(
    `BEGIN; SET LOCAL lock_timeout = ${migration.lockTimeoutMs ?? LOCK_TIMEOUT_MS};
     SET LOCAL statement_timeout = ${migration.statementTimeoutMs ?? STATEMENT_TIMEOUT_MS}`,
  );
  const found =
    behind === undefined
      ? await rowsOf<{ key: string }>(own, plan.first)
      : await rowsOf<{ key: string }>(own, plan.next, [behind]);
  const keys = found.map(({ key }) => key);
  const last = keys.at(-1);
  if (last === undefined) {
    await own.query('COMMIT');
    return undefined;
  }
  await own.query(plan.change, [keys]);
  await own.query(
    'UPDATE schema_backfills SET last_key = $2, rows_done = rows_done + $3, updated_at = clock_timestamp() WHERE migration = $1',
    [name, last, keys.length],
  );
  await own.query('COMMIT');
  return { rows: keys.length, lastKey: last };
}

/** For as long as it takes: a backfill is never in a hurry. */
async function holdBack(
  name: string,
  { table }: Backfill,
  own: Queryable,
  { signal }: MigrationSettings,
  say: (reason: string) => void,
): Promise<void> {
  for (let pauseMs = PRESSURE_PAUSE_MS; ; pauseMs = Math.min(pauseMs * 2, PRESSURE_PAUSE_MAX_MS)) {
    const reason = pressureInWords(await readPressure(own, table));
    if (reason === undefined) {
      return;
    }
    say(reason);
    await pause(pauseMs, name, signal);
  }
}

/** Says how far it is, and why it stands still, every two seconds. */
function progressWords(
  name: string,
  rowsBefore: number,
  total: number | undefined,
  log: (message: string) => void,
): (rowsDone: number, reason?: string) => void {
  const begin = performance.now();
  let next = begin + WORD_EVERY_MS;
  if (rowsBefore > 0) {
    log(`${name} goes on after ${rowsBefore} rows`);
  }
  return (rowsDone, reason) => {
    const now = performance.now();
    if (now < next) {
      return;
    }
    next = now + WORD_EVERY_MS;
    const percent = percentOf(rowsDone, total);
    const of = percent === undefined ? '' : ` of about ${total} (${percent})`;
    const rate = Math.round(((rowsDone - rowsBefore) * 1_000) / (now - begin));
    log(`${name}: ${rowsDone} rows${of}, ${rate} a second${reason === undefined ? '' : `; holds back: ${reason}`}`);
  };
}
