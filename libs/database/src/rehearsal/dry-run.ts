import { createDataSource } from '../data-source.js';
import type { MigrationClass } from '../migration.js';
import { knownMigrations } from '../migrations/known-migrations.js';
import type { LockModes } from './lock-sampler.js';
import { locksOf } from './locks-of.js';
import { allStatements } from './migration-hash.js';
import { createDatabase } from './rehearsal-database.js';
import { RehearsalError } from './rehearsal-error.js';
import { runNext } from './runner.js';
import { readTables, type TableShape } from './table-shape.js';
import { touchedTables } from './touched-tables.js';

/** What is known of a migration before it meets any rows. */
export interface Scene {
  readonly name: string;
  readonly before: ReadonlyMap<string, TableShape>;
  readonly after: ReadonlyMap<string, TableShape>;
  /** Tables that were there before and that it deals with. */
  readonly touched: readonly string[];
  readonly lockModes: LockModes;
}

/**
 * Runs all migrations up to the last of `names` on empty tables, and notes how the tables are before and after each of
 * `names`.
 *
 * @throws RehearsalError when one fails there already
 */
export async function dryRun(
  adminUrl: string,
  migrations: readonly MigrationClass[],
  names: readonly string[],
): Promise<readonly Scene[]> {
  const database = await createDatabase(adminUrl);
  const dataSource = await createDataSource({ url: database.url, applicationName: 'waybill-rehearsal-dry', poolMax: 1 }).initialize();
  const scenes: Scene[] = [];
  try {
    for (const { name, migration } of knownMigrations(migrations)) {
      if (scenes.length === names.length) {
        break;
      }
      const isNamed = names.includes(name);
      const before = isNamed ? await readTables(database.client) : new Map<string, TableShape>();
      const touched = isNamed ? touchedTables(await allStatements(name, migration), before) : [];
      const lockModes = isNamed ? await locksOf(dataSource, migration) : {};
      await runNext(database.url, migrations, name);
      if (isNamed) {
        scenes.push({ name, before, after: await readTables(database.client), touched, lockModes });
      }
    }
    return scenes;
  } catch (error) {
    throw error instanceof RehearsalError ? error : RehearsalError.failedEmpty(error);
  } finally {
    await dataSource.destroy();
    await database.drop();
  }
}
