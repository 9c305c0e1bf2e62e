import { DataSource, type QueryRunner } from 'typeorm';
import { createConnection, KEEP_ALIVE_AFTER_MS, withoutSslOf } from '../connection.js';
import { sqlStateOf } from '../database-errors.js';
import { MigrationInterruptedError } from './migration-errors.js';
import type { MigrationSettings } from './migration-settings.js';
import { acquireMutex } from './mutex.js';
import { type Queryable, rowsOf } from './queryable.js';
import { createRunnerTables, grantRunnerTables } from './runner-tables.js';
import { StatementWatch } from './statement-watch.js';

/** The one session in which a runner changes the schema; it holds the mutex. */
export interface MigrationSession {
  readonly runner: QueryRunner;
  /** Statements of the runner's own, past whatever watches those of a migration. */
  readonly own: Queryable;
  readonly watch: StatementWatch;
}

/** Of the session between migrations; each migration sets its own. */
const LOCK_TIMEOUT_MS = 1_000;
const STATEMENT_TIMEOUT_MS = 15_000;
/** A runner that is paused inside a transaction must not keep its locks. */
const IDLE_IN_TRANSACTION_MS = 5_000;
/**
 * How soon the server ends the session of a runner that was killed: without the first its statement would run to its end,
 * without the others a lost network would keep the mutex for two hours. Some systems do not know some of them.
 */
const GONE_CLIENT: Readonly<Record<string, number>> = {
  client_connection_check_interval: 1_000,
  tcp_keepalives_idle: 10,
  tcp_keepalives_interval: 5,
  tcp_keepalives_count: 3,
};
const CANCELLED = '57014';

/**
 * Opens it as the owner of the tables, waits for other runners, makes the runner's own tables, works, and closes it.
 *
 * @throws MigrationStuckError when another runner does not end
 */
export async function inMigrationSession<T>(
  settings: MigrationSettings,
  work: (session: MigrationSession) => Promise<T>,
): Promise<T> {
  const dataSource = new DataSource({
    type: 'postgres',
    url: withoutSslOf(settings),
    ...(settings.ssl === undefined ? {} : { ssl: settings.ssl }),
    applicationName: settings.applicationName,
    installExtensions: false,
    // A dropped connection is a lost mutex: there must not be a second one behind it.
    poolSize: 1,
    extra: {
      lock_timeout: LOCK_TIMEOUT_MS,
      statement_timeout: STATEMENT_TIMEOUT_MS,
      idle_in_transaction_session_timeout: IDLE_IN_TRANSACTION_MS,
      connectionTimeoutMillis: 5_000,
      keepAlive: true,
      keepAliveInitialDelayMillis: KEEP_ALIVE_AFTER_MS,
    },
  });
  await dataSource.initialize();
  const runner = dataSource.createQueryRunner();
  const watching = createConnection({ ...settings, applicationName: `${settings.applicationName}-watch` });
  try {
    await runner.connect();
    const own: Queryable = { query: runner.query.bind(runner) as Queryable['query'] };
    for (const [name, value] of Object.entries(GONE_CLIENT)) {
      await own.query(`SET ${name} = ${value}`).catch(() => undefined);
    }
    await acquireMutex(own, { log: settings.log, signal: settings.signal, waitMs: settings.mutexWaitMs });
    await actAsOwner(own, settings.ownerRole);
    await createRunnerTables(own);
    if (settings.appRole !== undefined) {
      await grantRunnerTables(own, settings.appRole);
    }
    // It makes the words better, and is not worth a failed migration where connections are scarce.
    await watching.connect().catch(() => undefined);
    const watch = new StatementWatch(watching, await pidOf(own), settings.log);
    return await endedBy(settings.signal, watch, () => work({ runner, own, watch }));
  } finally {
    await watching.end().catch(() => undefined);
    await runner.release();
    // Ending the session also frees the mutex, whatever state it is in.
    await dataSource.destroy();
  }
}

async function endedBy<T>(signal: AbortSignal | undefined, watch: StatementWatch, work: () => Promise<T>): Promise<T> {
  const cancel = () => void watch.cancelStatement();
  signal?.addEventListener('abort', cancel);
  try {
    return await work();
  } catch (error) {
    if (signal?.aborted && sqlStateOf(error) === CANCELLED && !(error instanceof MigrationInterruptedError)) {
      // One of the runner's own statements was at hand.
      throw new MigrationInterruptedError('The run', { cause: error });
    }
    throw error;
  } finally {
    signal?.removeEventListener('abort', cancel);
  }
}

async function actAsOwner(session: Queryable, wanted: string | undefined): Promise<void> {
  const [role] = await rowsOf<{ name: string }>(
    session,
    'SELECT quote_ident(rolname) AS name FROM pg_roles WHERE rolname = $1 AND pg_has_role(session_user, oid, $2)',
    [wanted ?? '', 'MEMBER'],
  );
  if (role !== undefined) {
    await session.query(`SET ROLE ${role.name}`);
  }
}

async function pidOf(session: Queryable): Promise<number> {
  const [row] = await rowsOf<{ pid: number }>(session, 'SELECT pg_backend_pid() AS pid');
  return row?.pid ?? 0;
}
