import type { ConnectionSettings } from '../connection.js';
import type { MigrationClass } from '../migration.js';

/** Of everything that changes a schema. */
export interface MigrationSettings extends ConnectionSettings {
  readonly migrations: readonly MigrationClass[];
  /** Becomes the owner of what is created, where the role exists and the login may act as it. */
  readonly ownerRole?: string;
  /** The role of the service itself, where it exists: it may read what has run, and write which instances are alive. */
  readonly appRole?: string;
  readonly log: (message: string) => void;
  /** Ends it: what runs is cancelled and rolled back, a backfill stops after its batch; the next run goes on. */
  readonly signal?: AbortSignal;
  /** How long to wait for another runner; 1 h. */
  readonly mutexWaitMs?: number;
  /** Tries of a migration, or of a batch, that does not get its locks; 20. */
  readonly attemptsMax?: number;
}
