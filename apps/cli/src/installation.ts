import { databaseConfig, loadConfig } from '@waybill/config';
import { type Service, services } from '@waybill/contracts';
import { readStack, type StackFile, waybillHome } from '@waybill/local';
import { z } from 'zod';
import { UnavailableError } from './command-errors.js';

/** Where the databases and the broker are that the commands work on. Its URLs hold passwords: never print one. */
export interface Installation {
  readonly databases: Readonly<Partial<Record<Service, string>>>;
  readonly brokers: string | undefined;
  /** Jaeger's address, where the stack has one. */
  readonly jaeger: string | undefined;
}

/**
 * What WAYBILL_ORDERS_DATABASE_URL and so on name (or ..._URL_FILE), as soon as one of them is set; else the stack of
 * `npm start` that runs here. Never some of both: a change that is meant for production must not reach the laptop.
 *
 * @throws UnavailableError when there is neither
 */
export function findInstallation(
  env: NodeJS.ProcessEnv,
  say: (line: string) => void,
  stack: StackFile | undefined = readStack(waybillHome(env)),
): Installation {
  const named = namedDatabases(env);
  const variables = services.filter((service) => named[service] !== undefined);
  const ofStack = Object.fromEntries(
    services.flatMap((service) => {
      const url = stack?.postgres[service];
      return url === undefined ? [] : [[service, url]];
    }),
  );
  // A stack on servers of one's own is named by the same variables; it is known better by its file.
  if (stack !== undefined && Object.keys(ofStack).length > 0 && variables.every((service) => named[service] === ofStack[service])) {
    return { databases: ofStack, brokers: stack.kafka.brokers, jaeger: stack.jaeger ?? undefined };
  }
  if (variables.length === 0) {
    throw new UnavailableError(
      `No stack of \`npm start\` runs here, and no variable names a database. Start one, or set ${services.map(variableOf).join(', ')}.`,
    );
  }
  if (stack !== undefined) {
    say(`A stack runs here, but ${variables.map(variableOf).join(', ')} lead elsewhere: only what they name is used.`);
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
