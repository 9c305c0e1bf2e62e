import { databaseConfig, loadConfig } from '@waybill/config';
import { type Service, services } from '@waybill/contracts';
import { readStack, type StackFile, waybillHome } from '@waybill/local';
import { z } from 'zod';
import { RefusedError } from './command-errors.js';

/** Where the databases and the broker are that the commands work on. Its URLs hold passwords: never print one. */
export interface Installation {
  readonly databases: Readonly<Partial<Record<Service, string>>>;
  readonly brokers: string | undefined;
  /** Jaeger's address, where the stack has one. */
  readonly jaeger: string | undefined;
}

/**
 * The stack of `npm start` that runs here; else what WAYBILL_ORDERS_DATABASE_URL and so on name (or ..._URL_FILE).
 *
 * @throws RefusedError when there is neither
 */
export function findInstallation(
  env: NodeJS.ProcessEnv,
  say: (line: string) => void,
  stack: StackFile | undefined = readStack(waybillHome(env)),
): Installation {
  const named = namedDatabases(env);
  if (stack !== undefined && Object.keys(stack.postgres).length > 0) {
    const databases = Object.fromEntries(
      services.flatMap((service) => {
        const url = stack.postgres[service];
        return url === undefined ? [] : [[service, url]];
      }),
    );
    const ignored = services.filter((service) => named[service] !== undefined && named[service] !== stack.postgres[service]);
    if (ignored.length > 0) {
      const names = ignored.map(variableOf).join(', ');
      say(`A stack runs here, and its databases are used; ${names} would lead elsewhere and is ignored.`);
    }
    return { databases, brokers: stack.kafka.brokers, jaeger: stack.jaeger ?? undefined };
  }
  if (Object.keys(named).length === 0) {
    throw new RefusedError(
      `No stack of \`npm start\` runs here, and no variable names a database. Start one, or set ${services.map(variableOf).join(', ')}.`,
    );
  }
  const brokers = env['WAYBILL_KAFKA_BROKERS'];
  return { databases: named, brokers: brokers === '' ? undefined : brokers, jaeger: undefined };
}

function namedDatabases(env: NodeJS.ProcessEnv): Partial<Record<Service, string>> {
  return Object.fromEntries(
    services
      .filter((service) => env[variableOf(service)] || env[`${variableOf(service)}_FILE`])
      .map((service) => [service, urlOf(service, env)]),
  );
}

function urlOf(service: Service, env: NodeJS.ProcessEnv): string {
  const name = variableOf(service);
  const shape: Record<string, z.ZodType> = databaseConfig(service);
  const config: Readonly<Record<string, unknown>> = loadConfig(z.object({ [name]: shape[name] ?? z.never() }), env);
  return String(config[name]);
}

export function variableOf(service: Service): string {
  return `WAYBILL_${service.toUpperCase()}_DATABASE_URL`;
}
