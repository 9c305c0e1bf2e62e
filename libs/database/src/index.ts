export { checkOut } from './check-out.js';
export { type ConnectionSettings, createConnection, sessionLimits, type Ssl } from './connection.js';
export { createDataSource, type DataSourceSettings } from './data-source.js';
export {
  AbortedTransactionError,
  CommitUnknownError,
  ConnectionLostError,
  isConnectionLost,
  isDatabaseUnavailable,
  sqlStateOf,
} from './database-errors.js';
export { migrate, type MigrateSettings } from './migrate.js';
export type { Backfill, LintIgnore, Migration, MigrationClass, MigrationPhase } from './migration.js';
export { type AppliedMigration, appliedMigrations } from './migrations/applied-migrations.js';
export { type BackfillProgress, percentOf } from './migrations/backfill-progress.js';
export type { InvalidIndex } from './migrations/concurrent-index.js';
export { contract, type ContractSettings } from './migrations/contract.js';
export { type HeartbeatSettings, InstanceHeartbeat } from './migrations/instance-heartbeat.js';
export { type KnownMigration, knownMigrations, schemaOf } from './migrations/known-migrations.js';
export { instanceInWords, type LiveInstance, liveInstances } from './migrations/live-instances.js';
export {
  DirtyDataError,
  MigrationFailedError,
  MigrationInterruptedError,
  MigrationRefusedError,
  MigrationStuckError,
} from './migrations/migration-errors.js';
export {
  migrationPlan,
  type MigrationStatus,
  migrationStatus,
  type PlannedBackfill,
  type PlannedMigration,
} from './migrations/migration-report.js';
export type { MigrationSettings } from './migrations/migration-settings.js';
export { type MutexHolder, mutexHolder } from './migrations/mutex.js';
export type { Queryable } from './migrations/queryable.js';
export { schemaProblem } from './migrations/schema-problem.js';
export { statementsOf } from './migrations/statements-of.js';
export { stepBack, type StepBackSettings } from './migrations/step-back.js';
export { transaction } from './transaction.js';
