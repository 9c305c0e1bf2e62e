import { setTimeout as sleep } from 'node:timers/promises';
import { MigrationInterruptedError, MigrationStuckError } from './migration-errors.js';
import { type Queryable, rowsOf } from './queryable.js';

/** `waybill`, in ASCII: the same number for every runner of every version, so that they queue behind one another. */
const ADVISORY_LOCK = 0x77_61_79_62;
const WAIT_MAX_MS = 60 * 60_000;
const POLL_MS = 200;
const WORD_EVERY_MS = 5_000;

/** Who changes the schema of a database now. */
export interface MutexHolder {
  readonly pid: number;
  readonly applicationName: string;
  readonly since: Date;
}

export interface MutexSettings {
  readonly log: (message: string) => void;
  readonly signal?: AbortSignal | undefined;
  readonly waitMs?: number | undefined;
}

/**
 * One runner at a time. The lock belongs to the session that changes the schema, and goes with it: a runner that was
 * killed keeps it until the server has ended the last statement, too.
 *
 * It is asked for again and again instead of waited for: a statement that waits holds a snapshot, and CREATE INDEX
 * CONCURRENTLY of the runner in front would wait for that one (a deadlock).
 */
export async function acquireMutex(session: Queryable, { log, signal, waitMs = WAIT_MAX_MS }: MutexSettings): Promise<void> {
  const begin = performance.now();
  for (let nextWord = begin; ; ) {
    const [row] = await rowsOf<{ mine: boolean }>(session, 'SELECT pg_try_advisory_lock($1) AS mine', [ADVISORY_LOCK]);
    if (row?.mine) {
      return;
    }
    const waitedMs = performance.now() - begin;
    if (signal?.aborted) {
      throw new MigrationInterruptedError('The wait for another runner');
    }
    if (waitedMs >= waitMs || performance.now() >= nextWord) {
      nextWord = performance.now() + WORD_EVERY_MS;
      const words = `another runner is at it${holderInWords(await mutexHolder(session))}${await progressInWords(session)}`;
      if (waitedMs >= waitMs) {
        throw new MigrationStuckError(
          `${words}. It did not end within ${Math.round(waitMs / 1_000)} s. Wait for it, or end it, and run this again.`,
        );
      }
      log(`${words}; waiting since ${Math.round(waitedMs / 1_000)} s`);
    }
    await sleep(POLL_MS * (0.5 + Math.random()), undefined, signal === undefined ? {} : { signal }).catch(() => undefined);
  }
}

/** Undefined when nobody does, or when the login may not see who. */
export async function mutexHolder(database: Queryable): Promise<MutexHolder | undefined> {
  const [holder] = await rowsOf<MutexHolder>(
    database,
    `SELECT l.pid, coalesce(a.application_name, '') AS "applicationName", a.backend_start AS since
       FROM pg_locks l LEFT JOIN pg_stat_activity a USING (pid)
      WHERE l.locktype = 'advisory' AND l.granted AND l.classid = 0 AND l.objid = $1 AND l.objsubid = 1
        AND l.database = (SELECT oid FROM pg_database WHERE datname = current_database())`,
    [ADVISORY_LOCK],
  );
  return holder;
}

function holderInWords(holder: MutexHolder | undefined): string {
  return holder === undefined ? '' : ` (${holder.applicationName || 'unnamed'}, pid ${holder.pid})`;
}

async function progressInWords(session: Queryable): Promise<string> {
  try {
    const [row] = await rowsOf<{ migration: string; rows: string }>(
      session,
      `SELECT migration, rows_done AS rows FROM schema_backfills WHERE finished_at IS NULL ORDER BY updated_at DESC LIMIT 1`,
    );
    return row === undefined ? '' : `; ${row.migration} has filled ${row.rows} rows`;
  } catch {
    // The very first runner has not made the table yet.
    return '';
  }
}
