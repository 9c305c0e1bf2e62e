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
export type { Backfill, Migration, MigrationClass, MigrationPhase } from './migration.js';
export { type AppliedMigration, appliedMigrations } from './migrations/applied-migrations.js';
export { type KnownMigration, knownMigrations, schemaOf } from './migrations/known-migrations.js';
export type { Queryable } from './migrations/queryable.js';
export { schemaProblem } from './migrations/schema-problem.js';
export { statementsOf } from './migrations/statements-of.js';
export { transaction } from './transaction.js';
