import type { MigrationClass } from '../migration.js';
import { appliedMigrations } from './applied-migrations.js';
import { knownMigrations } from './known-migrations.js';
import type { Queryable } from './queryable.js';

/**
 * Why a build with these migrations cannot work on this database, or undefined when it can: every expand and every backfill
 * that it knows has run, and no contract that it does not know.
 *
 * A contract that it knows may have run or not: it no longer uses what the contract takes away.
 */
export async function schemaProblem(database: Queryable, migrations: readonly MigrationClass[]): Promise<string | undefined> {
  const known = knownMigrations(migrations);
  const applied = await appliedMigrations(database);
  const names = new Set(applied.map(({ name }) => name));
  const [missing, ...more] = known.filter(({ name, phase }) => phase !== 'contract' && !names.has(name));
  if (missing !== undefined) {
    const others = more.length === 0 ? '' : ` (nor have ${more.length} after it)`;
    return `needs ${missing.name} (${missing.phase}), which has not run${others}`;
  }
  const strange = applied.find(({ name, phase }) => phase === 'contract' && !known.some((each) => each.name === name));
  if (strange !== undefined) {
    return `is too old for ${strange.name} (contract), which has run: it took away what this version needs`;
  }
  return undefined;
}
