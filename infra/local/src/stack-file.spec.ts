import { mkdtempSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { ownIdentity } from './process-identity.js';
import { readStack, removeStack, stackFile, waybillHome, writeStack } from './stack-file.js';

let home: string;
beforeEach(() => {
  home = mkdtempSync(join(tmpdir(), 'waybill-spec-'));
});
afterEach(() => rmSync(home, { recursive: true, force: true }));

const contents = {
  ...ownIdentity(),
  services: [{ name: 'orders', instance: 1, url: 'http://127.0.0.1:3001', pid: 1, log: '/tmp/orders.log' }],
  kafka: { brokers: '127.0.0.1:9092' },
  postgres: { orders: 'postgres://orders_a:secret@127.0.0.1:5432/orders' },
  jaeger: null,
};

describe('stack.json', () => {
  it('says what runs as long as its writer lives', () => {
    writeStack(home, contents);
    expect(readStack(home)).toEqual(contents);
    removeStack(home);
    expect(readStack(home)).toBeUndefined();
  });

  it('of a writer that was killed is not believed', () => {
    writeStack(home, { ...contents, startedAt: 'another boot/1' });
    expect(readStack(home)).toBeUndefined();
  });

  it('that is damaged is not believed', () => {
    writeFileSync(stackFile(home), '{"pid": 1,');
    expect(readStack(home)).toBeUndefined();
    writeFileSync(stackFile(home), '{"pid": "one"}');
    expect(readStack(home)).toBeUndefined();
  });

  it('holds passwords: only its owner may read it', () => {
    writeStack(home, contents);
    expect(statSync(stackFile(home)).mode & 0o777).toBe(0o600);
  });

  it('lies in WAYBILL_HOME, which counts from where npm was called', () => {
    expect(waybillHome({ WAYBILL_HOME: '/elsewhere' })).toBe('/elsewhere');
    expect(waybillHome({ WAYBILL_HOME: 'near', INIT_CWD: '/where/i/am' })).toBe('/where/i/am/near');
    expect(waybillHome({})).toMatch(/\.waybill$/);
  });
});
