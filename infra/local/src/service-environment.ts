import { services } from '@waybill/contracts';
import type { Slot } from './services.js';
import { databaseVariable, migrationVariable } from './stack-settings.js';

export interface Addresses {
  readonly brokers: string;
  /** A service's name and the URL it uses. */
  readonly databases: Readonly<Record<string, string>>;
  readonly carrierUrl: string;
  readonly carrierDataFile: string;
}

/** The environment of one service's process: what it shares with all, its own addresses, and nobody else's passwords. */
export function serviceEnvironment(
  inherited: NodeJS.ProcessEnv,
  slot: Pick<Slot, 'name' | 'instance'>,
  addresses: Addresses,
): NodeJS.ProcessEnv {
  const env = withoutDatabases(inherited);
  env['WAYBILL_INSTANCE'] = String(slot.instance);
  if (slot.name === 'carrier') {
    env['CARRIER_DATA_FILE'] ||= addresses.carrierDataFile;
    return env;
  }
  env['WAYBILL_KAFKA_BROKERS'] = addresses.brokers;
  env[databaseVariable(slot.name)] = addresses.databases[slot.name];
  if (slot.name === 'shipping') {
    env['CARRIER_URL'] ||= addresses.carrierUrl;
  }
  return env;
}

/** The environment of a service's migrate.js: its login may change tables. */
export function migrationEnvironment(
  inherited: NodeJS.ProcessEnv,
  name: string,
  urls: { readonly database: string; readonly migration: string },
): NodeJS.ProcessEnv {
  const env = withoutDatabases(inherited);
  env[databaseVariable(name)] = urls.database;
  env[migrationVariable(name)] = urls.migration;
  return env;
}

function withoutDatabases(inherited: NodeJS.ProcessEnv): NodeJS.ProcessEnv {
  const env = { ...inherited };
  for (const name of services) {
    for (const variable of [databaseVariable(name), migrationVariable(name)]) {
      delete env[variable];
      delete env[`${variable}_FILE`];
    }
  }
  return env;
}
