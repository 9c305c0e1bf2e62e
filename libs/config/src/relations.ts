import type { ConfigProblem } from './config-error.js';
import { parseDatabase } from './database-connection.js';
import { type KafkaTlsSettings, parseSasl, parseTls } from './kafka-connection.js';
import { readTextFile } from './read-file.js';
import { kafkaConfig, shutdownConfig } from './shared-settings.js';

/** A rule about several settings, or about a setting and the world. Applies to every schema that has all its names. */
export interface Relation {
  names(shape: Readonly<Record<string, unknown>>): string[];
  check(values: Readonly<Record<string, unknown>>): readonly ConfigProblem[];
}

/** The supervisor's kill must come after our own deadline, or nobody learns what was still held. */
const RESERVE_MS = 2_000;
const MAX_PORT = 65_535;

export const relations: readonly Relation[] = [
  {
    names: () => Object.keys(shutdownConfig),
    check: (values) => {
      const { SHUTDOWN_DRAIN_MS: drain, SHUTDOWN_TIMEOUT_MS: budget, SHUTDOWN_GRACE_MS: grace } = values as Record<string, number>;
      if (drain === undefined || budget === undefined || grace === undefined || drain + budget + RESERVE_MS <= grace) {
        return [];
      }
      return [
        {
          name: 'SHUTDOWN_GRACE_MS',
          message: `is ${grace}, but SHUTDOWN_DRAIN_MS (${drain}) + SHUTDOWN_TIMEOUT_MS (${budget}) + ${RESERVE_MS} make ${drain + budget + RESERVE_MS}: the process would be killed before it has stopped. Raise the supervisor's grace period and this value, or lower the other two.`,
        },
      ];
    },
  },
  {
    names: () => Object.keys(kafkaConfig).filter((name) => name.includes('_TLS')),
    check: (values) => collect((problems) => parseTls(values as unknown as KafkaTlsSettings, readTextFile, problems)),
  },
  {
    names: () => Object.keys(kafkaConfig).filter((name) => name.includes('_SASL')),
    check: (values) => collect((problems) => parseSasl(values, readTextFile, problems)),
  },
  {
    names: (shape) => databaseUrls(shape),
    check: (values) =>
      databaseUrls(values).flatMap((name) => {
        const url = values[name];
        return typeof url === 'string' ? parseDatabase(name, url).problems : [];
      }),
  },
  {
    names: (shape) => ['WAYBILL_PORT_OFFSET', 'WAYBILL_INSTANCE', ...ports(shape)],
    check: (values) =>
      ports(values).flatMap((name) => {
        const listens = portOf(values, name);
        return listens <= MAX_PORT
          ? []
          : [
              {
                name,
                message: `with WAYBILL_PORT_OFFSET and WAYBILL_INSTANCE makes port ${listens}; the highest is ${MAX_PORT}. Lower one of the three.`,
              },
            ];
      }),
  },
];

/** The port that an instance listens on: the service's, the stack's offset, and 100 for every earlier instance. */
export function portOf(values: Readonly<Record<string, unknown>>, name: string): number {
  return Number(values[name]) + Number(values['WAYBILL_PORT_OFFSET']) + 100 * (Number(values['WAYBILL_INSTANCE']) - 1);
}

function collect(run: (problems: ConfigProblem[]) => void): ConfigProblem[] {
  const problems: ConfigProblem[] = [];
  run(problems);
  return problems;
}

function databaseUrls(shape: Readonly<Record<string, unknown>>): string[] {
  return Object.keys(shape).filter((name) => /^WAYBILL_[A-Z]+_(DATABASE|MIGRATION)_URL$/.test(name));
}

function ports(shape: Readonly<Record<string, unknown>>): string[] {
  return Object.keys(shape).filter((name) => /^[A-Z]+_PORT$/.test(name));
}
