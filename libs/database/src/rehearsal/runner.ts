import { migrate } from '../migrate.js';
import type { MigrationClass } from '../migration.js';
import { knownMigrations } from '../migrations/known-migrations.js';

/** As pg_stat_activity shows what the runner does. */
export const RUNNER = 'waybill-rehearsal-runner';

/** Runs the real runner for one migration, all earlier ones having run; returns how often it began. */
export async function runNext(url: string, migrations: readonly MigrationClass[], name: string): Promise<number> {
  const known = knownMigrations(migrations);
  const last = known.findIndex((each) => each.name === name);
  const upToIt = known.slice(0, last + 1).map(({ migration }) => migration.constructor as MigrationClass);
  let tries = 1;
  const log = (message: string) => {
    tries += /trying again|tried again/.test(message) ? 1 : 0;
  };
  await migrate({ url, applicationName: RUNNER, migrations: upToIt, log });
  return tries;
}
