import { ConfigError, databaseConfig, loadConfig, parseDatabase } from '@waybill/config';
import { type Service, services } from '@waybill/contracts';
import {
  type ConnectionSettings,
  createConnection,
  isDatabaseUnavailable,
  type MigrationClass,
  type MigrationSettings,
  type Queryable,
  sqlStateOf,
} from '@waybill/database';
import { readStack, type StackFile, waybillHome } from '@waybill/local';
import { z } from 'zod';
import { RefusedError, UnavailableError } from './command-errors.js';
import { findInstallation, variableOf } from './installation.js';

/** One service's database, as whoever may change its tables sees it. */
export interface MigrationTarget {
  readonly service: Service;
  /** `host:port/database`, without the login. */
  readonly place: string;
  readonly connection: ConnectionSettings;
  readonly migrations: readonly MigrationClass[];
}

/**
 * The chosen service's, or all that are named: by WAYBILL_ORDERS_MIGRATION_URL (or ..._URL_FILE), else by the stack that
 * runs here, which knows an owner's login, else by the service's own URL.
 *
 * @throws ConfigError when nothing names the chosen one
 */
export async function migrationTargets(
  env: NodeJS.ProcessEnv,
  chosen: Service | undefined,
  { say, load }: { readonly say: (line: string) => void; readonly load: (service: Service) => Promise<readonly MigrationClass[]> },
): Promise<readonly MigrationTarget[]> {
  const urls = migrationUrls(env, say);
  const wanted = chosen === undefined ? services.filter((service) => urls[service] !== undefined) : [chosen];
  return Promise.all(
    wanted.map(async (service) => {
      const url = urls[service];
      if (url === undefined) {
        throw new ConfigError([
          { name: migrationVariableOf(service), message: `should be set: nothing else says where the database of ${service} is.` },
        ]);
      }
      const { connection, problems } = parseDatabase(migrationVariableOf(service), url);
      if (problems.length > 0) {
        throw new ConfigError(problems);
      }
      const { host, pathname } = new URL(url);
      return {
        service,
        place: `${host}${pathname}`,
        connection: { ...connection, applicationName: `waybill-${service}-migrate` },
        migrations: await load(service),
      };
    }),
  );
}

/** As the runner wants it; what it says goes to the person. */
export function runnerSettings(
  { service, connection, migrations }: MigrationTarget,
  say: (line: string) => void,
  signal: AbortSignal,
): MigrationSettings {
  return {
    ...connection,
    migrations,
    ownerRole: `${service}_owner`,
    appRole: `${service}_app`,
    log: (message) => say(`  … ${service}: ${message}`),
    signal,
  };
}

/** Asks each database, one after another. */
export async function askEach<T>(
  targets: readonly MigrationTarget[],
  ask: (database: Queryable, target: MigrationTarget) => Promise<T>,
): Promise<(T & { readonly service: Service })[]> {
  const answers: (T & { readonly service: Service })[] = [];
  for (const target of targets) {
    const client = createConnection(target.connection);
    answers.push(
      await translated(target, async () => {
        try {
          await client.connect();
          return { service: target.service, ...(await ask(client, target)) };
        } finally {
          await client.end().catch(() => undefined);
        }
      }),
    );
  }
  return answers;
}

const RUNNER_CODES = ['MIGRATION_REFUSED', 'MIGRATION_STUCK', 'MIGRATION_FAILED', 'MIGRATION_INTERRUPTED', 'DIRTY_DATA'];
/** SQLSTATE insufficient_privilege. */
const NOT_ALLOWED = '42501';
/** SQLSTATE invalid_authorization_specification and the like, and invalid_catalog_name: no such login, no such database. */
const NO_ENTRY = /^(28|3D)/;

/** Errors for a person: what the runner says is worded for one already. */
export async function translated<T>({ service, place }: MigrationTarget, work: () => Promise<T>): Promise<T> {
  try {
    return await work();
  } catch (cause) {
    const { code, message = String(cause) } = cause as { readonly code?: string; readonly message?: string };
    if (code !== undefined && RUNNER_CODES.includes(code)) {
      const right = sqlStateOf((cause as Error).cause) === NOT_ALLOWED ? ` ${needsOwner(service)}` : '';
      throw new RefusedError(`${service} at ${place}: ${message}${right}`, { cause });
    }
    if (sqlStateOf(cause) === NOT_ALLOWED) {
      throw new RefusedError(`${service} at ${place}: ${message}. ${needsOwner(service)}`, { cause });
    }
    if (isDatabaseUnavailable(cause) || NO_ENTRY.test(sqlStateOf(cause) ?? '')) {
      throw new UnavailableError(`The database of ${service} at ${place} cannot be reached: ${reasonOf(cause)}`, { cause });
    }
    throw cause;
  }
}

function needsOwner(service: Service): string {
  return `Set ${migrationVariableOf(service)} to a login that may act as the owner of the tables.`;
}

function reasonOf(error: unknown): string {
  const { message, code, errors } = error as { message?: string; code?: string; errors?: readonly unknown[] };
  const inner: unknown = errors?.[0];
  return message || (inner === undefined ? code || String(error) : reasonOf(inner));
}

function migrationUrls(
  env: NodeJS.ProcessEnv,
  say: (line: string) => void,
  stack: StackFile | undefined = readStack(waybillHome(env)),
): Partial<Record<Service, string>> {
  const own = Object.fromEntries(
    services.filter((service) => isNamed(env, migrationVariableOf(service))).map((service) => [service, urlOf(service, env)]),
  );
  if (Object.keys(own).length > 0 && !services.some((service) => isNamed(env, variableOf(service)))) {
    // As with the other commands: who names a database means it, and not the stack beside it.
    return own;
  }
  const { databases } = findInstallation(env, say, stack);
  return Object.fromEntries(
    services.flatMap((service) => {
      const database = databases[service];
      const ofStack = database !== undefined && database === stack?.postgres[service] ? stack.migration?.[service] : undefined;
      const url = own[service] ?? ofStack ?? database;
      return url === undefined ? [] : [[service, url]];
    }),
  );
}

function migrationVariableOf(service: Service): string {
  return `WAYBILL_${service.toUpperCase()}_MIGRATION_URL`;
}

function isNamed(env: NodeJS.ProcessEnv, variable: string): boolean {
  return Boolean(env[variable] || env[`${variable}_FILE`]);
}

function urlOf(service: Service, env: NodeJS.ProcessEnv): string {
  const name = migrationVariableOf(service);
  const shape: Record<string, z.ZodType> = databaseConfig(service);
  const config: Readonly<Record<string, unknown>> = loadConfig(z.object({ [name]: shape[name] ?? z.never() }), env);
  return String(config[name]);
}
