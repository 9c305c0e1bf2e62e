import type { MigrationPhase } from '../migration.js';
import { type Queryable, rowsOf } from './queryable.js';

export interface AppliedMigration {
  readonly name: string;
  /** Of those that ran before there were phases: expand. */
  readonly phase: MigrationPhase;
  /** Unknown for those that ran before it was written down. */
  readonly at: Date | undefined;
}

/** What has run in this database, in the order in which it ran; nothing where nobody has ever migrated it. */
export async function appliedMigrations(database: Queryable): Promise<readonly AppliedMigration[]> {
  const { migrations, phases } = await ownTables(database);
  if (!migrations) {
    return [];
  }
  const rows = await rowsOf<{ name: string; phase: MigrationPhase | null; at: Date | null }>(
    database,
    phases
      ? 'SELECT m.name, p.phase, p.applied_at AS at FROM migrations m LEFT JOIN schema_phases p USING (name) ORDER BY m.id'
      : 'SELECT name, NULL AS phase, NULL AS at FROM migrations ORDER BY id',
  );
  return rows.map(({ name, phase, at }) => ({ name, phase: phase ?? 'expand', at: at ?? undefined }));
}

async function ownTables(database: Queryable): Promise<{ migrations: boolean; phases: boolean }> {
  const [row] = await rowsOf<{ migrations: boolean; phases: boolean }>(
    database,
    `SELECT to_regclass('migrations') IS NOT NULL AS migrations, to_regclass('schema_phases') IS NOT NULL AS phases`,
  );
  return row ?? { migrations: false, phases: false };
}
