import { type Queryable, rowsOf } from './queryable.js';

/** What may only run outside a transaction, takes its time, and stalls no writer. */
export function concurrently(statement: string): boolean {
  return /\bCONCURRENTLY\b/i.test(statement);
}

const CREATE = /^\s*CREATE\s+(?:UNIQUE\s+)?INDEX\s+CONCURRENTLY\s+(IF\s+NOT\s+EXISTS\s+)?((?:"(?:[^"]|"")+"|[\w$.])+)?/i;

/**
 * The index that the statement creates, as it is written there; undefined for any other statement.
 *
 * @throws TypeError where a second run could not know what the first, which was killed, has left behind
 */
export function nameOfConcurrentIndex(statement: string, migration: string): string | undefined {
  const match = CREATE.exec(statement);
  if (match === null) {
    return undefined;
  }
  const [, unlessThere, name] = match;
  if (unlessThere === undefined || name === undefined) {
    throw new TypeError(
      `${migration} should say CREATE INDEX CONCURRENTLY IF NOT EXISTS and a name: killed between the index and its record, it must be able to run again`,
    );
  }
  return name;
}

/** What a CREATE INDEX CONCURRENTLY that failed has left behind costs every write, serves no query, and is in the way. */
export async function dropIfInvalid(session: Queryable, index: string, log: (message: string) => void): Promise<void> {
  if (await isInvalid(session, index)) {
    log(`the index ${index} is invalid: a run before this one was interrupted; it is dropped and made again`);
    await session.query(`DROP INDEX CONCURRENTLY IF EXISTS ${index}`);
  }
}

export async function requireValid(session: Queryable, index: string): Promise<void> {
  if (await isInvalid(session, index)) {
    throw new Error(`the index ${index} is there and invalid`);
  }
}

async function isInvalid(session: Queryable, index: string): Promise<boolean> {
  const rows = await rowsOf(session, 'SELECT 1 FROM pg_index WHERE indexrelid = to_regclass($1) AND NOT indisvalid', [index]);
  return rows.length > 0;
}

export interface InvalidIndex {
  readonly index: string;
  readonly table: string;
}

/** Those that nobody is building at this moment. */
export async function invalidIndexes(database: Queryable): Promise<readonly InvalidIndex[]> {
  return rowsOf<InvalidIndex>(
    database,
    `SELECT indexrelid::regclass::text AS index, indrelid::regclass::text AS table
       FROM pg_index
      WHERE NOT indisvalid
        AND NOT EXISTS (SELECT 1 FROM pg_stat_progress_create_index p WHERE p.index_relid = indexrelid)
      ORDER BY 1`,
  );
}
