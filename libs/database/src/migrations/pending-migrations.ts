import { appliedMigrations } from './applied-migrations.js';
import { type KnownMigration, knownMigrations } from './known-migrations.js';
import { MigrationRefusedError } from './migration-errors.js';
import type { MigrationSettings } from './migration-settings.js';
import type { Queryable } from './queryable.js';

/** What this build knows and this database has not had, oldest first. */
export async function pendingMigrations(
  database: Queryable,
  { migrations }: Pick<MigrationSettings, 'migrations'>,
): Promise<readonly KnownMigration[]> {
  const applied = new Set((await appliedMigrations(database)).map(({ name }) => name));
  return knownMigrations(migrations).filter(({ name }) => !applied.has(name));
}

/** Those up to the one that is named, or all. @throws MigrationRefusedError when the build has no such migration */
export function upTo(pending: readonly KnownMigration[], { to, migrations }: Pick<MigrationSettings, 'migrations'> & { readonly to?: string }): readonly KnownMigration[] {
  if (to === undefined) {
    return pending;
  }
  const last = knownMigrations(migrations).find(({ name }) => name === to);
  if (last === undefined) {
    throw new MigrationRefusedError(`There is no migration ${to} in this build.`);
  }
  return pending.filter(({ timestamp }) => timestamp <= last.timestamp);
}
