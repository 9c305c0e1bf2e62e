import { migrate } from '../migrate.js';
import type { MigrationClass } from '../migration.js';
import { contract } from '../migrations/contract.js';
import { knownMigrations } from '../migrations/known-migrations.js';

/** As pg_stat_activity shows what the runner does. */
export const RUNNER = 'waybill-rehearsal-runner';

/** Runs the real runner for one migration, all earlier ones having run; returns how often it began. */
export async function runNext(url: string, migrations: readonly MigrationClass[], name: string): Promise<number> {
  const isContract = knownMigrations(migrations).some((each) => each.name === name && each.phase === 'contract');
  let tries = 1;
  const log = (message: string) => {
    tries += /trying again/.test(message) ? 1 : 0;
  };
  await (isContract ? contract : migrate)({ url, applicationName: RUNNER, migrations, to: name, log });
  return tries;
}
