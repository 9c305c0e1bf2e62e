import { existsSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import type { Service } from '@waybill/contracts';
import type { MigrationClass } from '@waybill/database';
import { RefusedError } from './command-errors.js';

/** The list of a service's migrations, as it was built. Tools never import an app: they load what lies in its dist. */
export async function migrationsOf(service: Service): Promise<readonly MigrationClass[]> {
  const url = new URL(`../../${service}/dist/persistence/migrations.js`, import.meta.url);
  if (!existsSync(fileURLToPath(url))) {
    throw new RefusedError(`The migrations of ${service} are not built: expected apps/${service}/dist/persistence/migrations.js. Run npm run build.`);
  }
  const module = (await import(url.href)) as { readonly migrations?: readonly MigrationClass[] };
  if (module.migrations === undefined) {
    throw new RefusedError(`apps/${service}/dist/persistence/migrations.js should export the list "migrations", and does not.`);
  }
  return module.migrations;
}
