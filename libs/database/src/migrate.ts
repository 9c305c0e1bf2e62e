import { setTimeout as sleep } from 'node:timers/promises';
import pg from 'pg';
import { DataSource } from 'typeorm';
import { clientConfig, type ConnectionSettings, withoutSslOf } from './connection.js';
import { sqlStateOf } from './database-errors.js';
import type { MigrationClass } from './migration.js';

export interface MigrateSettings extends ConnectionSettings {
  readonly migrations: readonly MigrationClass[];
  /** Becomes the owner of what is created, where the role exists and the login may act as it. */
  readonly ownerRole?: string;
  readonly log: (message: string) => void;
  /** Which phases may run: it stops before the first pending migration of the other. Both, unless told; never contract. */
  readonly phases?: readonly ('expand' | 'backfill')[];
  /** Name of the last migration to run; all that are pending, unless told. */
  readonly to?: string;
  /** Ends it: what runs is cancelled and rolled back, a backfill stops after its batch; the next run goes on. */
  readonly signal?: AbortSignal;
}

/** `waybill`, in ASCII: the same number for every runner, so that they queue behind one another. */
const ADVISORY_LOCK = 0x77_61_79_62;
/** A statement that waits longer gives up and frees those who queue behind it; writers never stall for longer. */
const LOCK_TIMEOUT_MS = 1_000;
const ATTEMPTS_MAX = 20;
const MUTEX_WAIT_MS = 5 * 60_000;

/**
 * Runs the migrations that have not run yet, each in a transaction of its own, and returns their names.
 *
 * One runner at a time: the others wait on an advisory lock and then find nothing to do. A migration that cannot get
 * its locks within a second is rolled back and tried again with jitter.
 */
export async function migrate(settings: MigrateSettings): Promise<string[]> {
  const mutex = new pg.Client({ ...clientConfig(settings), statement_timeout: MUTEX_WAIT_MS, lock_timeout: 0 });
  mutex.on('error', () => undefined);
  await mutex.connect();
  try {
    await mutex.query('SELECT pg_advisory_lock($1)', [ADVISORY_LOCK]);
    const role = await ownerRole(mutex, settings.ownerRole);
    return await runPending(settings, role);
  } finally {
    // Ending the session also frees the lock, whatever state it is in.
    await mutex.end();
  }
}

async function ownerRole(client: pg.Client, wanted: string | undefined): Promise<string | undefined> {
  if (wanted === undefined) {
    return undefined;
  }
  const { rowCount } = await client.query(
    'SELECT 1 FROM pg_roles WHERE rolname = $1 AND pg_has_role(session_user, oid, $2)',
    [wanted, 'MEMBER'],
  );
  return rowCount === 1 ? wanted : undefined;
}

async function runPending(settings: MigrateSettings, role: string | undefined): Promise<string[]> {
  const dataSource = new DataSource({
    type: 'postgres',
    url: withoutSslOf(settings),
    ...(settings.ssl === undefined ? {} : { ssl: settings.ssl }),
    applicationName: settings.applicationName,
    migrations: [...settings.migrations],
    migrationsTableName: 'migrations',
    migrationsTransactionMode: 'each',
    installExtensions: false,
    poolSize: 1,
    extra: { lock_timeout: LOCK_TIMEOUT_MS, ...(role === undefined ? {} : { options: `-c role=${role}` }) },
  });
  await dataSource.initialize();
  const done: string[] = [];
  try {
    for (let attempt = 1; ; attempt++) {
      try {
        const ran = await dataSource.runMigrations({ transaction: 'each' });
        done.push(...ran.map(({ name }) => name));
        return done;
      } catch (error) {
        if (sqlStateOf(error) !== '55P03' || attempt >= ATTEMPTS_MAX) {
          throw error;
        }
        const waitMs = Math.round(Math.random() * Math.min(200 * 2 ** attempt, 5_000));
        settings.log(`a migration did not get its lock within ${LOCK_TIMEOUT_MS} ms; trying again in ${waitMs} ms`);
        await sleep(waitMs);
      }
    }
  } finally {
    await dataSource.destroy();
  }
}
