import { ConfigError, databaseConfig, loadConfig, parseDatabase } from '@waybill/config';
import type { Service } from '@waybill/contracts';
import { migrate, type MigrationClass } from '@waybill/database';
import { z } from 'zod';
import { createServiceLogger } from './service-logger.js';

export interface MigrationOptions {
  readonly name: Service;
  /** Those of the service's `persistence/migrations.ts`. */
  readonly migrations: readonly MigrationClass[];
}

/**
 * The main of a service's `migrate.ts`: runs what is pending of the phases expand and backfill, never a contract.
 *
 * Exit code 0 when the schema is as this version needs it. SIGTERM cancels what runs; the next run goes on.
 */
export async function runMigrations({ name, migrations }: MigrationOptions): Promise<void> {
  const interruption = new AbortController();
  for (const signal of ['SIGTERM', 'SIGINT'] as const) {
    process.once(signal, () => interruption.abort());
  }
  try {
    const { urlName, url } = migrationUrl(name);
    const log = createServiceLogger({ service: `${name}-migrate`, instance: 1, level: 'info' });
    const ran = await migrate({
      ...parseDatabase(urlName, url).connection,
      applicationName: `waybill-${name}-migrate`,
      migrations,
      ownerRole: `${name}_owner`,
      appRole: `${name}_app`,
      signal: interruption.signal,
      log: (message) => log.info(message),
    });
    log.info({ ran }, ran.length === 0 ? 'the schema is up to date' : `${ran.length} migrations ran`);
  } catch (error) {
    process.stderr.write(`${name} could not be migrated. ${error instanceof Error ? error.message : String(error)}\n`);
    process.exit(error instanceof ConfigError ? error.exitCode : 1);
  }
}

/** The login that may change tables, or the service's own where there is only one. */
function migrationUrl(name: Service): { urlName: string; url: string } {
  const [own, service] = [`WAYBILL_${name.toUpperCase()}_MIGRATION_URL`, `WAYBILL_${name.toUpperCase()}_DATABASE_URL`];
  const urlName = process.env[own] || process.env[`${own}_FILE`] ? own : service;
  const shape: Record<string, z.ZodType> = databaseConfig(name);
  const schema = z.object({ [urlName]: shape[urlName] ?? z.never() });
  const config: Readonly<Record<string, unknown>> = loadConfig(schema, process.env);
  return { urlName, url: String(config[urlName]) };
}
