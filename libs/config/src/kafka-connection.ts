import type { ConfigProblem } from './config-error.js';
import { type ReadFile, readPem, readSecret, readTextFile } from './read-file.js';

/** How to reach Kafka, in a form that any client understands. */
export interface KafkaConnection {
  readonly brokers: string[];
  /** Client library. */
  readonly driver: 'kafkajs' | 'platformatic';
  /** Absent: no TLS. */
  readonly tls?: { readonly ca?: string; readonly cert?: string; readonly key?: string };
  readonly sasl?: {
    readonly mechanism: 'plain' | 'scram-sha-256' | 'scram-sha-512';
    readonly username: string;
    readonly password: string;
  };
}

export interface KafkaTlsSettings {
  readonly WAYBILL_KAFKA_TLS: 'off' | 'on';
  readonly WAYBILL_KAFKA_TLS_CA_FILE?: string | undefined;
  readonly WAYBILL_KAFKA_TLS_CERT_FILE?: string | undefined;
  readonly WAYBILL_KAFKA_TLS_KEY_FILE?: string | undefined;
}

export interface KafkaSaslSettings {
  readonly WAYBILL_KAFKA_SASL_MECHANISM?: 'plain' | 'scram-sha-256' | 'scram-sha-512' | undefined;
  readonly WAYBILL_KAFKA_SASL_USERNAME?: string | undefined;
  readonly WAYBILL_KAFKA_SASL_PASSWORD_FILE?: string | undefined;
  readonly WAYBILL_KAFKA_SASL_PASSWORD?: string | undefined;
}

export interface KafkaSettings extends KafkaTlsSettings, KafkaSaslSettings {
  readonly WAYBILL_KAFKA_BROKERS: string[];
  readonly WAYBILL_KAFKA_DRIVER: 'kafkajs' | 'platformatic';
}

/** Reads the files that the settings name and checks the settings against one another; all problems at once. */
export function parseKafka(
  settings: KafkaSettings,
  readFile: ReadFile = readTextFile,
): { readonly connection: KafkaConnection; readonly problems: readonly ConfigProblem[] } {
  const problems: ConfigProblem[] = [];
  const tls = parseTls(settings, readFile, problems);
  const sasl = parseSasl(settings, readFile, problems);
  return {
    connection: {
      brokers: [...settings.WAYBILL_KAFKA_BROKERS],
      driver: settings.WAYBILL_KAFKA_DRIVER,
      ...(tls === undefined ? {} : { tls }),
      ...(sasl === undefined ? {} : { sasl }),
    },
    problems,
  };
}

export function parseTls(
  settings: KafkaTlsSettings,
  readFile: ReadFile,
  problems: ConfigProblem[],
): KafkaConnection['tls'] {
  const names = ['WAYBILL_KAFKA_TLS_CA_FILE', 'WAYBILL_KAFKA_TLS_CERT_FILE', 'WAYBILL_KAFKA_TLS_KEY_FILE'] as const;
  if (settings.WAYBILL_KAFKA_TLS === 'off') {
    // Certificates without TLS mean that somebody believes the connection is encrypted.
    for (const name of names.filter((each) => settings[each] !== undefined)) {
      problems.push({ name, message: 'is set, but WAYBILL_KAFKA_TLS is off. Set WAYBILL_KAFKA_TLS=on, or leave it out.' });
    }
    return undefined;
  }
  const [ca, cert, key] = names.map((name) => readPem(name, settings[name], readFile, problems));
  requireTogether(settings, 'WAYBILL_KAFKA_TLS_CERT_FILE', 'WAYBILL_KAFKA_TLS_KEY_FILE', problems);
  return {
    ...(ca === undefined ? {} : { ca }),
    ...(cert === undefined ? {} : { cert }),
    ...(key === undefined ? {} : { key }),
  };
}

export function parseSasl(
  settings: KafkaSaslSettings,
  readFile: ReadFile,
  problems: ConfigProblem[],
): KafkaConnection['sasl'] {
  const mechanism = settings.WAYBILL_KAFKA_SASL_MECHANISM;
  const username = settings.WAYBILL_KAFKA_SASL_USERNAME;
  const { WAYBILL_KAFKA_SASL_PASSWORD: plain, WAYBILL_KAFKA_SASL_PASSWORD_FILE: path } = settings;
  if (mechanism === undefined && username === undefined && plain === undefined && path === undefined) {
    return undefined;
  }
  const missing = (name: string, because: string) =>
    problems.push({ name, message: `is not set, but ${because}. A login needs mechanism, user name and password.` });
  if (mechanism === undefined) {
    missing('WAYBILL_KAFKA_SASL_MECHANISM', 'a Kafka user name or password is');
  }
  if (username === undefined) {
    missing('WAYBILL_KAFKA_SASL_USERNAME', 'another part of the Kafka login is');
  }
  if (plain === undefined && path === undefined) {
    missing('WAYBILL_KAFKA_SASL_PASSWORD_FILE', 'another part of the Kafka login is');
  }
  if (plain !== undefined && path !== undefined) {
    problems.push({
      name: 'WAYBILL_KAFKA_SASL_PASSWORD',
      message: 'is set, and so is WAYBILL_KAFKA_SASL_PASSWORD_FILE. Leave one of them out.',
    });
  }
  const password = plain ?? readSecret('WAYBILL_KAFKA_SASL_PASSWORD_FILE', path, readFile, problems);
  if (mechanism === undefined || username === undefined || password === undefined) {
    return undefined;
  }
  return { mechanism, username, password };
}

function requireTogether(
  settings: KafkaTlsSettings,
  one: keyof KafkaTlsSettings,
  other: keyof KafkaTlsSettings,
  problems: ConfigProblem[],
): void {
  for (const [name, partner] of [
    [one, other],
    [other, one],
  ] as const) {
    if (settings[name] === undefined && settings[partner] !== undefined) {
      problems.push({ name, message: `is not set, but ${partner} is. A certificate needs its key; set both or neither.` });
    }
  }
}
