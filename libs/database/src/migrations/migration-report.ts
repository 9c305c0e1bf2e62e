import type { Backfill, MigrationPhase } from '../migration.js';
import { type AppliedMigration, appliedMigrations } from './applied-migrations.js';
import { type BackfillProgress, backfillProgress, estimatedRows } from './backfill-progress.js';
import { type InvalidIndex, invalidIndexes } from './concurrent-index.js';
import type { KnownMigration } from './known-migrations.js';
import { type LiveInstance, liveInstances } from './live-instances.js';
import type { MigrationSettings } from './migration-settings.js';
import { LOCK_TIMEOUT_MS, STATEMENT_TIMEOUT_MS } from './migration-step.js';
import { type MutexHolder, mutexHolder } from './mutex.js';
import { pendingMigrations } from './pending-migrations.js';
import type { Queryable } from './queryable.js';
import { statementsOf } from './statements-of.js';

type Migrations = Pick<MigrationSettings, 'migrations'>;

/** A migration that has not run, and what it would do. */
export interface PlannedMigration {
  readonly name: string;
  readonly phase: MigrationPhase;
  /** Undefined where it cannot be told without running it. */
  readonly statements: readonly string[] | undefined;
  readonly transaction: boolean;
  /** 0: unlimited. */
  readonly lockTimeoutMs: number;
  readonly statementTimeoutMs: number;
  readonly maxStallMs: number | undefined;
  readonly backfill: PlannedBackfill | undefined;
}

export interface PlannedBackfill extends Backfill {
  readonly estimatedRows: number | undefined;
  readonly rowsDone: number;
}

/** What would run, in its order. Reads only: any login that may read the service's tables can ask. */
export async function migrationPlan(database: Queryable, migrations: Migrations): Promise<readonly PlannedMigration[]> {
  const progress = await backfillProgress(database);
  const plan: PlannedMigration[] = [];
  for (const known of await pendingMigrations(database, migrations)) {
    plan.push(await planned(database, known, progress));
  }
  return plan;
}

async function planned(
  database: Queryable,
  { name, phase, migration }: KnownMigration,
  progress: readonly BackfillProgress[],
): Promise<PlannedMigration> {
  const { backfill } = migration;
  const transaction = migration.transaction !== false;
  return {
    name,
    phase,
    statements: backfill === undefined ? await statementsOf(migration) : [backfill.statement],
    transaction,
    lockTimeoutMs: migration.lockTimeoutMs ?? (transaction ? LOCK_TIMEOUT_MS : 0),
    statementTimeoutMs: migration.statementTimeoutMs ?? (transaction ? STATEMENT_TIMEOUT_MS : 0),
    maxStallMs: migration.maxStallMs,
    backfill:
      backfill === undefined
        ? undefined
        : {
            ...backfill,
            estimatedRows: await estimatedRows(database, backfill.table),
            rowsDone: progress.find((each) => each.migration === name)?.rowsDone ?? 0,
          },
  };
}

/** How far a database is, and who is at it. */
export interface MigrationStatus {
  readonly applied: readonly AppliedMigration[];
  readonly pending: readonly { readonly name: string; readonly phase: MigrationPhase }[];
  readonly backfills: readonly (BackfillProgress & { readonly estimatedRows: number | undefined })[];
  readonly invalidIndexes: readonly InvalidIndex[];
  readonly instances: readonly LiveInstance[];
  readonly runner: MutexHolder | undefined;
}

/** Reads only, and waits for nobody. */
export async function migrationStatus(database: Queryable, migrations: Migrations): Promise<MigrationStatus> {
  const pending = await pendingMigrations(database, migrations);
  const backfills: MigrationStatus['backfills'][number][] = [];
  for (const each of await backfillProgress(database)) {
    const table = pending.find(({ name }) => name === each.migration)?.migration.backfill?.table;
    backfills.push({ ...each, estimatedRows: table === undefined ? undefined : await estimatedRows(database, table) });
  }
  return {
    applied: await appliedMigrations(database),
    pending: pending.map(({ name, phase }) => ({ name, phase })),
    backfills,
    invalidIndexes: await invalidIndexes(database),
    instances: await liveInstances(database),
    runner: await mutexHolder(database),
  };
}
