import { describe, expect, it } from 'vitest';
import { parseDatabase } from './database-connection.js';
import { type KafkaSettings, parseKafka } from './kafka-connection.js';
import type { ReadFile } from './read-file.js';

const PEM = '-----BEGIN CERTIFICATE-----\nMIIB\n-----END CERTIFICATE-----\n';

/** A file system of a few files; a value that is an error is thrown. */
function files(contents: Readonly<Record<string, string | { code: string }>>): ReadFile {
  return (path) => {
    const content = contents[path] ?? { code: 'ENOENT' };
    if (typeof content === 'string') {
      return content;
    }
    throw Object.assign(new Error('from the file system'), content);
  };
}

const plain: KafkaSettings = {
  WAYBILL_KAFKA_BROKERS: ['a:1', 'b:2'],
  WAYBILL_KAFKA_DRIVER: 'kafkajs',
  WAYBILL_KAFKA_TLS: 'off',
};

function kafka(settings: Partial<KafkaSettings>, readFile: ReadFile = files({})) {
  const { connection, problems } = parseKafka({ ...plain, ...settings }, readFile);
  return { connection, problems: Object.fromEntries(problems.map(({ name, message }) => [name, message])) };
}

function database(query: string, readFile: ReadFile = files({})) {
  const { connection, problems } = parseDatabase('URL', `postgres://a:hush@h:5432/d${query}`, readFile);
  return { ssl: connection.ssl, problems: problems.map(({ name, message }) => `${name} ${message}`) };
}

describe('parseKafka', () => {
  it('needs nothing but the brokers', () => {
    expect(kafka({})).toEqual({ connection: { brokers: ['a:1', 'b:2'], driver: 'kafkajs' }, problems: {} });
  });

  it('tells which client library is wanted', () => {
    expect(kafka({ WAYBILL_KAFKA_DRIVER: 'platformatic' }).connection.driver).toBe('platformatic');
  });

  it('reads authority, certificate and key from their files', () => {
    const { connection, problems } = kafka(
      {
        WAYBILL_KAFKA_TLS: 'on',
        WAYBILL_KAFKA_TLS_CA_FILE: '/ca',
        WAYBILL_KAFKA_TLS_CERT_FILE: '/cert',
        WAYBILL_KAFKA_TLS_KEY_FILE: '/key',
      },
      files({ '/ca': PEM, '/cert': `${PEM}c`, '/key': `${PEM}k` }),
    );
    expect(problems).toEqual({});
    expect(connection.tls).toEqual({ ca: PEM, cert: `${PEM}c`, key: `${PEM}k` });
  });

  it("trusts Node's authorities where none is named", () => {
    expect(kafka({ WAYBILL_KAFKA_TLS: 'on' }).connection.tls).toEqual({});
  });

  it.each([
    ['missing', { code: 'ENOENT' }, 'there is no such file'],
    ['not readable', { code: 'EACCES' }, 'this process may not read it'],
    ['a directory', { code: 'EISDIR' }, 'it is a directory'],
    ['broken', { code: 'EIO' }, 'reading it failed (EIO)'],
    ['no certificate', 'hello', 'is not PEM'],
  ])('names a file that is %s', (_, content, reason) => {
    const { problems } = kafka(
      { WAYBILL_KAFKA_TLS: 'on', WAYBILL_KAFKA_TLS_CA_FILE: '/ca' },
      files({ '/ca': content }),
    );
    expect(problems['WAYBILL_KAFKA_TLS_CA_FILE']).toContain(reason);
    expect(problems['WAYBILL_KAFKA_TLS_CA_FILE']).toContain('"/ca"');
  });

  it('refuses certificates without TLS, and a certificate without its key', () => {
    expect(kafka({ WAYBILL_KAFKA_TLS_CA_FILE: '/ca' }).problems['WAYBILL_KAFKA_TLS_CA_FILE']).toContain(
      'WAYBILL_KAFKA_TLS is off',
    );
    const { problems } = kafka(
      { WAYBILL_KAFKA_TLS: 'on', WAYBILL_KAFKA_TLS_CERT_FILE: '/cert' },
      files({ '/cert': PEM }),
    );
    expect(problems).toEqual({ WAYBILL_KAFKA_TLS_KEY_FILE: expect.stringContaining('CERT_FILE is') });
  });

  it('reads the password from its file, without the newline that editors add', () => {
    const { connection, problems } = kafka(
      {
        WAYBILL_KAFKA_SASL_MECHANISM: 'scram-sha-512',
        WAYBILL_KAFKA_SASL_USERNAME: 'waybill',
        WAYBILL_KAFKA_SASL_PASSWORD_FILE: '/secret',
      },
      files({ '/secret': ' hush \r\n' }),
    );
    expect(problems).toEqual({});
    expect(connection.sasl).toEqual({ mechanism: 'scram-sha-512', username: 'waybill', password: ' hush ' });
  });

  const login = {
    WAYBILL_KAFKA_SASL_MECHANISM: 'plain',
    WAYBILL_KAFKA_SASL_USERNAME: 'waybill',
    WAYBILL_KAFKA_SASL_PASSWORD: 'hush',
  } as const;

  it.each([
    ['the mechanism', 'WAYBILL_KAFKA_SASL_MECHANISM', 'WAYBILL_KAFKA_SASL_MECHANISM'],
    ['the user name', 'WAYBILL_KAFKA_SASL_USERNAME', 'WAYBILL_KAFKA_SASL_USERNAME'],
    ['the password', 'WAYBILL_KAFKA_SASL_PASSWORD', 'WAYBILL_KAFKA_SASL_PASSWORD_FILE'],
  ])('names %s when a login lacks it', (_, left, named) => {
    const { connection, problems } = kafka({ ...login, [left]: undefined });
    expect(Object.keys(problems)).toEqual([named]);
    expect(connection.sasl).toBeUndefined();
  });

  it('refuses two passwords, and an empty one, without showing either', () => {
    const both = kafka({ ...login, WAYBILL_KAFKA_SASL_PASSWORD_FILE: '/secret' }, files({ '/secret': 'hush2' }));
    expect(both.problems['WAYBILL_KAFKA_SASL_PASSWORD']).toContain('Leave one of them out');
    expect(JSON.stringify(both.problems)).not.toContain('hush');
    const empty = kafka(
      { ...login, WAYBILL_KAFKA_SASL_PASSWORD: undefined, WAYBILL_KAFKA_SASL_PASSWORD_FILE: '/secret' },
      files({ '/secret': '\n' }),
    );
    expect(empty.problems['WAYBILL_KAFKA_SASL_PASSWORD_FILE']).toContain('is empty');
  });
});

describe('parseDatabase', () => {
  it('does not encrypt unless it is told to', () => {
    expect(database('')).toEqual({ ssl: false, problems: [] });
    expect(database('?sslmode=disable')).toEqual({ ssl: false, problems: [] });
  });

  it('checks with each mode what libpq checks', () => {
    const readFile = files({ '/ca': PEM });
    expect(database('?sslmode=require').ssl).toMatchObject({ rejectUnauthorized: false });
    expect(database('?sslmode=require&sslrootcert=/ca', readFile).ssl).toMatchObject({ rejectUnauthorized: true, ca: PEM });
    const chain = database('?sslmode=verify-ca&sslrootcert=/ca', readFile).ssl;
    expect(chain).toMatchObject({ rejectUnauthorized: true, checkServerIdentity: expect.any(Function) });
    const full = database('?sslmode=verify-full&sslrootcert=/ca', readFile).ssl;
    expect(full).toEqual({ rejectUnauthorized: true, ca: PEM });
  });

  it.each([
    ['a mode that may fall back to plain text', '?sslmode=prefer', 'expected disable | require | verify-ca | verify-full'],
    ['an authority that nobody uses', '?sslrootcert=/ca', 'no sslmode that uses it'],
    ['an authority that is missing', '?sslmode=verify-ca&sslrootcert=/nope', 'there is no such file'],
    ['a certificate without its key', '?sslmode=require&sslcert=/ca', 'only one of sslcert and sslkey'],
  ])('refuses %s, without the password', (_, query, message) => {
    const { problems } = database(query, files({ '/ca': PEM }));
    expect(problems).toEqual([expect.stringContaining(message)]);
    expect(problems.join()).not.toContain('hush');
  });
});
