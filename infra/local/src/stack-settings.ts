import {
  ConfigError,
  type ConfigProblem,
  type ConfigSchema,
  databaseConfig,
  httpConfig,
  kafkaConfig,
  loadConfig,
  rolesConfig,
  shutdownConfig,
  telemetryConfig,
} from '@waybill/config';
import { services } from '@waybill/contracts';
import { z } from 'zod';
import { defaultPorts, type ProgramName, programs } from './services.js';

export const infrastructureKinds = ['external', 'docker', 'embedded'] as const;
export type InfrastructureKind = (typeof infrastructureKinds)[number];

/** What the environment says about the stack, checked as a whole before anything is started. */
export interface StackSettings {
  readonly portOffset: number;
  readonly ports: Readonly<Record<ProgramName, number>>;
  /** WAYBILL_INFRA: decides outright where Kafka and Postgres come from. */
  readonly infrastructure?: InfrastructureKind;
  /** WAYBILL_KAFKA_BROKERS, if set. */
  readonly brokers?: string;
  /** WAYBILL_<SERVICE>_DATABASE_URL, or what the file of ..._FILE holds, as far as they are set. */
  readonly databaseUrls: ReadonlyMap<string, string>;
  /** WAYBILL_<SERVICE>_MIGRATION_URL, likewise. */
  readonly migrationUrls: ReadonlyMap<string, string>;
  /** How long a service may take to stop before it is killed. */
  readonly shutdownGraceMs: number;
}

/** Stands in for an address that is not known yet, so that the rest of a service's settings can be checked now. */
const LATER = { url: 'postgres://later:later@127.0.0.1:5432/later', brokers: '127.0.0.1:9092' };
const HIGHEST_PORT = 65_535;

export function readStackSettings(env: NodeJS.ProcessEnv, instances: number): StackSettings {
  const problems = new Map<string, ConfigProblem>();
  const read = (schema: ConfigSchema, values: NodeJS.ProcessEnv): Readonly<Record<string, unknown>> => {
    try {
      return loadConfig(schema, values);
    } catch (error) {
      if (!(error instanceof ConfigError)) {
        throw error;
      }
      for (const problem of error.problems) {
        problems.set(problem.name, problem);
      }
      return {};
    }
  };
  const infrastructure = readInfrastructureKind(env, problems);
  const configs = new Map(programs.map((name) => [name, read(schemaOf(name), withPlaceholders(env))]));
  const portOffset = Number(configs.get('orders')?.['WAYBILL_PORT_OFFSET'] ?? 0);
  const ports = Object.fromEntries(
    programs.map((name) => [name, Number(configs.get(name)?.[`${name.toUpperCase()}_PORT`] ?? defaultPorts[name])]),
  ) as Record<ProgramName, number>;
  for (const name of programs) {
    const highest = ports[name] + portOffset + 100 * (instances - 1);
    if (highest > HIGHEST_PORT) {
      const message = `with offset and ${instances} instances comes to port ${highest}: expected at most ${HIGHEST_PORT}. Choose a smaller port or offset.`;
      problems.set(`${name.toUpperCase()}_PORT`, { name: `${name.toUpperCase()}_PORT`, message });
    }
  }
  if (problems.size > 0) {
    throw new ConfigError([...problems.values()]);
  }
  const brokers = present(env['WAYBILL_KAFKA_BROKERS']);
  const urlsOf = (variable: (name: string) => string) =>
    new Map(
      services
        .filter((name) => isNamed(env, variable(name)))
        .map((name) => [name as string, String(configs.get(name)?.[variable(name)])]),
    );
  return {
    portOffset,
    ports,
    databaseUrls: urlsOf(databaseVariable),
    migrationUrls: urlsOf(migrationVariable),
    shutdownGraceMs: Number(configs.get('orders')?.['SHUTDOWN_GRACE_MS']),
    ...(infrastructure === undefined ? {} : { infrastructure }),
    ...(brokers === undefined ? {} : { brokers }),
  };
}

export function databaseVariable(name: string): string {
  return `WAYBILL_${name.toUpperCase()}_DATABASE_URL`;
}

export function migrationVariable(name: string): string {
  return `WAYBILL_${name.toUpperCase()}_MIGRATION_URL`;
}

/** The settings that all services share; what only one of them knows it checks itself when it starts. */
function schemaOf(name: ProgramName): ConfigSchema {
  const common = { ...httpConfig(name, defaultPorts[name]), ...shutdownConfig, ...telemetryConfig };
  return z.object(name === 'carrier' ? common : { ...common, ...databaseConfig(name), ...kafkaConfig, ...rolesConfig });
}

function withPlaceholders(env: NodeJS.ProcessEnv): NodeJS.ProcessEnv {
  const values = { ...env };
  for (const name of services) {
    if (!isNamed(env, databaseVariable(name))) {
      values[databaseVariable(name)] = LATER.url;
    }
  }
  values['WAYBILL_KAFKA_BROKERS'] = present(env['WAYBILL_KAFKA_BROKERS']) ?? LATER.brokers;
  return values;
}

/** A secret is given as it is, or by the name of a file that holds it. */
function isNamed(env: NodeJS.ProcessEnv, variable: string): boolean {
  return [variable, `${variable}_FILE`].some((name) => present(env[name]) !== undefined);
}

function readInfrastructureKind(
  env: NodeJS.ProcessEnv,
  problems: Map<string, ConfigProblem>,
): InfrastructureKind | undefined {
  const name = 'WAYBILL_INFRA';
  const came = present(env[name]);
  const kind = infrastructureKinds.find((each) => each === came);
  if (came !== undefined && kind === undefined) {
    const message = `expected ${infrastructureKinds.join(', ')}, got ${JSON.stringify(came)}. Leave it out to take what is there.`;
    problems.set(name, { name, message });
  }
  return kind;
}

function present(value: string | undefined): string | undefined {
  return value === undefined || value.trim() === '' ? undefined : value;
}
