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
export type { Backfill, Migration, MigrationClass, MigrationPhase } from './migration.js';
export { transaction } from './transaction.js';
