import { describe, expect, it } from 'vitest';
import { z } from 'zod';
import { ConfigError } from './config-error.js';
import { durationMs, hostList, httpUrl, integer, oneOf, port, postgresUrl, secret, someOf } from './field.js';
import { type ConfigSchema, type Environment, loadConfig } from './load-config.js';
import { databaseConfig, httpConfig, kafkaConfig, rolesConfig, shutdownConfig } from './shared-settings.js';

const service = z.object({
  ...httpConfig('orders', 3001),
  ...databaseConfig('orders'),
  ...kafkaConfig,
  ...rolesConfig,
  ...shutdownConfig,
});
const enough = {
  WAYBILL_KAFKA_BROKERS: '127.0.0.1:9092',
  WAYBILL_ORDERS_DATABASE_URL: 'postgres://orders_a:hush@127.0.0.1:5432/orders',
};

/** What the report says about each variable. */
function problemsOf(schema: ConfigSchema, env: Environment): Record<string, string> {
  try {
    loadConfig(schema, env);
  } catch (error) {
    if (error instanceof ConfigError) {
      return Object.fromEntries(error.problems.map(({ name, message }) => [name, message]));
    }
    throw error;
  }
  return {};
}

describe('loadConfig', () => {
  it('fills in every default and freezes the result', () => {
    const config = loadConfig(service, enough);
    expect(config).toMatchObject({
      ORDERS_PORT: 3001,
      WAYBILL_INSTANCE: 1,
      WAYBILL_KAFKA_BROKERS: ['127.0.0.1:9092'],
      ROLES: ['http', 'consumer', 'relay'],
      SHUTDOWN_DRAIN_MS: 0,
    });
    expect(Object.isFrozen(config)).toBe(true);
  });

  it('takes an empty variable for one that is not set', () => {
    expect(loadConfig(service, { ...enough, ORDERS_PORT: '', LOG_LEVEL: '  ' })).toMatchObject({
      ORDERS_PORT: 3001,
      LOG_LEVEL: 'info',
    });
  });

  it('lists everything that is wrong at once', () => {
    const problems = problemsOf(service, {
      ORDERS_PORT: 'abc',
      ROLES: 'http,fly',
      SHUTDOWN_DRAIN_MS: '20000',
      WAYBILL_KAFKA_SASL_USERNAME: 'me',
      WAYBILL_ORDERS_DATABASE_URL: 'postgres://a:b@h/x?sslmode=prefer',
    });
    expect(Object.keys(problems).sort()).toEqual([
      'ORDERS_PORT',
      'ROLES',
      'SHUTDOWN_GRACE_MS',
      'WAYBILL_KAFKA_BROKERS',
      'WAYBILL_KAFKA_SASL_MECHANISM',
      'WAYBILL_KAFKA_SASL_PASSWORD_FILE',
      'WAYBILL_ORDERS_DATABASE_URL',
    ]);
  });

  it('says what was expected, what came and what to do, one line each', () => {
    expect(problemsOf(service, { ...enough, ORDERS_PORT: 'abc' })['ORDERS_PORT']).toBe(
      'expected a whole number from 1 to 65535, got "abc". Set it, or leave it out (3001).',
    );
    expect(problemsOf(service, { WAYBILL_ORDERS_DATABASE_URL: enough.WAYBILL_ORDERS_DATABASE_URL })).toEqual({
      WAYBILL_KAFKA_BROKERS:
        'is not set: expected one or more host:port, comma-separated, for example WAYBILL_KAFKA_BROKERS=127.0.0.1:9092.',
    });
    const error = new ConfigError([
      { name: 'A', message: 'is not set.' },
      { name: 'LONGER', message: 'is wrong.' },
    ]);
    expect(error.message.split('\n').slice(0, 3)).toEqual(['2 settings are wrong:', '  A       is not set.', '  LONGER  is wrong.']);
    expect(error.exitCode).toBe(78);
  });

  it('never shows the value of a secret, nor a password inside an address', () => {
    const schema = z.object({
      TOKEN: secret().refine((text) => text.length > 20, 'too short').describe('x.'),
      DATABASE: postgresUrl().describe('x.'),
      ADDRESS: httpUrl().describe('x.'),
    });
    const problems = problemsOf(schema, {
      TOKEN: 'hush-hush',
      DATABASE: 'mysql://root:hush-hush@host/db',
      ADDRESS: 'http://root:hush-hush@host',
    });
    expect(Object.keys(problems)).toEqual(['TOKEN', 'DATABASE', 'ADDRESS']);
    expect(JSON.stringify(problems)).not.toContain('hush');
    expect(problems['ADDRESS']).toContain('got "http://***@host"');
  });

  describe('a secret in a file', () => {
    const schema = z.object({ TOKEN: secret().optional().describe('x.'), NAME: z.string().optional().describe('x.') });
    const read = (env: Environment, files: Readonly<Record<string, string>> = {}) =>
      loadConfig(schema, env, (path) => {
        const text = files[path];
        if (text === undefined) {
          throw Object.assign(new Error('no such file'), { code: 'ENOENT' });
        }
        return text;
      });

    it('is read, without the newline at its end', () => {
      expect(read({ TOKEN_FILE: '/token' }, { '/token': 'hush\n' })).toEqual({ TOKEN: 'hush' });
    });

    it('counts as not set when the variable is empty', () => {
      expect(read({ TOKEN_FILE: '', TOKEN: 'hush' })).toEqual({ TOKEN: 'hush' });
    });

    it.each([
      ['that is not there', {}, 'TOKEN_FILE', 'there is no such file'],
      ['that is empty', { '/token': '\n' }, 'TOKEN_FILE', 'which is empty'],
      ['with something else', { '/token': 'hush\nhush' }, 'TOKEN', 'a secret, not shown'],
    ])('%s is one problem', (_, files, name, reason) => {
      expect(() => read({ TOKEN_FILE: '/token' }, files)).toThrow(new RegExp(`^One setting is wrong:\n  ${name} .*${reason}`));
    });

    it('and in the environment, too, is refused', () => {
      expect(() => read({ TOKEN_FILE: '/token', TOKEN: 'hush' }, { '/token': 'hush' })).toThrow(
        'TOKEN  is set, and so is TOKEN_FILE. Leave one of them out.',
      );
    });

    it('may be one only: what is no secret stands in the environment', () => {
      expect(read({ NAME_FILE: '/name' })).toEqual({});
    });

    it('is left to a setting of that name, where a schema has one', () => {
      expect(() => loadConfig(service, { ...enough, WAYBILL_KAFKA_SASL_PASSWORD_FILE: '/nowhere' })).toThrow(
        'WAYBILL_KAFKA_SASL_PASSWORD_FILE  names the file "/nowhere"',
      );
    });
  });

  it('cuts what is shown, so that a file in the wrong variable does not fill the terminal', () => {
    expect(problemsOf(service, { ...enough, ORDERS_PORT: 'x'.repeat(5_000) })['ORDERS_PORT']?.length).toBeLessThan(200);
  });

  it('names a variable that looks like a misspelling of the missing one', () => {
    const { WAYBILL_KAFKA_BROKERS: _, ...rest } = enough;
    expect(problemsOf(service, { ...rest, WAYBILL_KAFKA_BROKER: 'h:1' })['WAYBILL_KAFKA_BROKERS']).toContain(
      'WAYBILL_KAFKA_BROKER is set: is that a misspelling?',
    );
  });

  it('lets a service add a rule of its own over several settings', () => {
    const schema = z
      .object({ LOW: integer({ min: 0, max: 9 }).describe('x.'), HIGH: integer({ min: 0, max: 9 }).describe('x.') })
      .refine(({ LOW, HIGH }) => LOW < HIGH, { path: ['HIGH'], message: 'should be above LOW' });
    expect(problemsOf(schema, { LOW: '5', HIGH: '4' })).toEqual({ HIGH: 'should be above LOW' });
  });

  it('shows what zod says about a plain zod type', () => {
    const schema = z.object({ MODE: z.enum(['a', 'b']).describe('x.') });
    expect(problemsOf(schema, { MODE: 'c' })['MODE']).toContain('got "c"');
  });
});

describe('relations between settings', () => {
  it('refuses a stop that takes longer than the supervisor waits', () => {
    const grace = (drain: number, timeout: number) =>
      problemsOf(service, {
        ...enough,
        SHUTDOWN_DRAIN_MS: String(drain),
        SHUTDOWN_TIMEOUT_MS: String(timeout),
        SHUTDOWN_GRACE_MS: '30000',
      })['SHUTDOWN_GRACE_MS'];
    expect(grace(8_000, 20_000)).toBeUndefined();
    expect(grace(8_001, 20_000)).toContain('make 30001: the process would be killed before it has stopped');
  });

  it('refuses a port that offset and instance push out of range', () => {
    expect(problemsOf(service, { ...enough, ORDERS_PORT: '65000', WAYBILL_INSTANCE: '9' })['ORDERS_PORT']).toContain(
      'makes port 65800; the highest is 65535',
    );
  });

  it('says nothing where a schema has only some of its settings', () => {
    expect(loadConfig(z.object({ DEBUG_PORT: port().describe('x.') }), { DEBUG_PORT: '9229' })).toEqual({ DEBUG_PORT: 9229 });
  });

  it('says nothing about a value that is wrong by itself', () => {
    const problems = problemsOf(service, { ...enough, SHUTDOWN_DRAIN_MS: 'long', SHUTDOWN_GRACE_MS: '1000' });
    expect(Object.keys(problems)).toEqual(['SHUTDOWN_DRAIN_MS']);
  });
});

describe('fields', () => {
  it.each([
    ['port', port(), '3001', 3001],
    ['integer', integer({ min: -5, max: 5 }), '-5', -5],
    ['durationMs', durationMs({ min: 0, max: 10 }), '10', 10],
    ['oneOf, whatever its case', oneOf(['off', 'on']), 'ON', 'on'],
    ['someOf, in the order of the words', someOf(['a', 'b', 'c']), ' c , A', ['a', 'c']],
    ['httpUrl, without the slash at its end', httpUrl(), 'https://host:4318/', 'https://host:4318'],
    ['hostList', hostList(), 'a:1, [::1]:9092', ['a:1', '[::1]:9092']],
    ['postgresUrl', postgresUrl(), 'postgresql://u@h/d', 'postgresql://u@h/d'],
  ])('%s reads a good value', (_, field, text, value) => {
    expect(field.parse(text)).toEqual(value);
  });

  it.each([
    ['port', port(), ['0', '65536', '1.5', '0x10', '1e3', '', '-1', 'Infinity', '٣']],
    ['durationMs', durationMs({ min: 1, max: 10 }), ['0', '11', '5s', '-1', '+1']],
    ['oneOf', oneOf(['off', 'on']), ['true', '1', 'o']],
    ['someOf', someOf(['a', 'b']), ['a,c', 'a,,b', ',']],
    ['httpUrl', httpUrl(), ['host:4318', 'ftp://host', 'http://', 'http://u:p@h']],
    ['hostList', hostList(), ['host', 'host:0', 'host:65536', 'a:1,,b:2', 'kafka://a:1', ':9092']],
    ['postgresUrl', postgresUrl(), ['postgres://h/d', 'postgres://u:p@h', 'postgres://u:p@h/', 'mysql://u:p@h/d', 'h:5432/d']],
  ])('%s refuses a bad one', (_, field, texts) => {
    for (const text of texts) {
      expect(field.safeParse(text).success, text).toBe(false);
    }
  });
});
