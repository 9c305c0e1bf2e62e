import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { UnavailableError } from './command-errors.js';
import { findInstallation } from './installation.js';

let home: string;
let said: string[];
const say = (line: string) => said.push(line);

beforeEach(() => {
  home = mkdtempSync(join(tmpdir(), 'waybill-installation-'));
  said = [];
});

afterEach(() => rmSync(home, { recursive: true, force: true }));

describe('without a stack', () => {
  it('the variables name the databases and the brokers', () => {
    const url = 'postgres://orders_a:secret@db.example.com:5432/orders';
    const env = { WAYBILL_HOME: home, WAYBILL_ORDERS_DATABASE_URL: url, WAYBILL_KAFKA_BROKERS: 'kafka.example.com:9092' };
    expect(findInstallation(env, say)).toEqual({ databases: { orders: url }, brokers: 'kafka.example.com:9092', jaeger: undefined });
    expect(said).toEqual([]);
  });

  it('a file may hold the URL', () => {
    const file = join(home, 'url');
    writeFileSync(file, 'postgres://shipping_a:secret@db.example.com/shipping\n');
    expect(findInstallation({ WAYBILL_HOME: home, WAYBILL_SHIPPING_DATABASE_URL_FILE: file }, say).databases).toEqual({
      shipping: 'postgres://shipping_a:secret@db.example.com/shipping',
    });
  });

  it('and without variables it says what to do', () => {
    expect(() => findInstallation({ WAYBILL_HOME: home }, say)).toThrow(UnavailableError);
    expect(() => findInstallation({ WAYBILL_HOME: home }, say)).toThrow('set WAYBILL_ORDERS_DATABASE_URL');
  });

  it('a URL that is none is refused without its password', () => {
    const env = { WAYBILL_HOME: home, WAYBILL_ORDERS_DATABASE_URL: 'mysql://orders:hunter2@db/orders' };
    const refusal = (() => {
      try {
        findInstallation(env, say);
        return 'taken';
      } catch (error) {
        return String(error);
      }
    })();
    expect(refusal).toContain('WAYBILL_ORDERS_DATABASE_URL');
    expect(refusal).not.toContain('hunter2');
  });
});

describe('with a stack', () => {
  const stack = {
    pid: 1,
    startedAt: '',
    services: [],
    kafka: { brokers: '127.0.0.1:9092' },
    postgres: { orders: 'postgres://orders_a:secret@127.0.0.1:5432/orders', platform: 'postgres://x@127.0.0.1/platform' },
    jaeger: 'http://127.0.0.1:16686',
  };

  it('its databases are used, its brokers and its Jaeger', () => {
    expect(findInstallation({}, say, stack)).toEqual({
      databases: { orders: stack.postgres.orders },
      brokers: '127.0.0.1:9092',
      jaeger: 'http://127.0.0.1:16686',
    });
  });

  it('variables that lead elsewhere win, for all of it, and that is told without their values', () => {
    const url = 'postgres://shipping_a:hunter2@db.example.com/shipping';
    const env = { WAYBILL_SHIPPING_DATABASE_URL: url };
    expect(findInstallation(env, say, stack)).toEqual({ databases: { shipping: url }, brokers: undefined, jaeger: undefined });
    expect(said.join('\n')).toContain('WAYBILL_SHIPPING_DATABASE_URL');
    expect(said.join('\n')).not.toContain('hunter2');
  });

  it('variables that name its own databases mean the stack', () => {
    const env = { WAYBILL_ORDERS_DATABASE_URL: stack.postgres.orders };
    expect(findInstallation(env, say, stack)).toEqual(findInstallation({}, say, stack));
    expect(said).toEqual([]);
  });
});
