import { ConfigError, databaseConfig, loadConfig, parseDatabase } from '@waybill/config';
import type { Service } from '@waybill/contracts';
import { migrate } from '@waybill/database';
import type { MigrationInterface } from 'typeorm';
import { z } from 'zod';
import { createServiceLogger } from './service-logger.js';

export interface MigrationOptions {
  readonly name: Service;
  readonly migrations: readonly (new () => MigrationInterface)[];
}

/** The main of a service's `migrate.ts`: exit code 0 when the schema is as this version needs it. */
export async function runMigrations({ name, migrations }: MigrationOptions): Promise<void> {
  try {
    const urlName = `WAYBILL_${name.toUpperCase()}_MIGRATION_URL`;
    const config: Readonly<Record<string, unknown>> = loadConfig(z.object(databaseConfig(name)), process.env);
    const url = config[urlName] ?? config[`WAYBILL_${name.toUpperCase()}_DATABASE_URL`];
    const log = createServiceLogger({ service: `${name}-migrate`, instance: 1, level: 'info' });
    const ran = await migrate({
      ...parseDatabase(urlName, String(url)).connection,
      applicationName: `waybill-${name}-migrate`,
      migrations,
      ownerRole: `${name}_owner`,
      log: (message) => log.info(message),
    });
    log.info({ ran }, ran.length === 0 ? 'the schema is up to date' : `${ran.length} migrations ran`);
  } catch (error) {
    process.stderr.write(`${name} could not be migrated. ${error instanceof Error ? error.message : String(error)}\n`);
    process.exit(error instanceof ConfigError ? error.exitCode : 1);
  }
}
