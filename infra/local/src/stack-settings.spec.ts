import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { ConfigError } from '@waybill/config';
import { describe, expect, it } from 'vitest';
import { readStackSettings } from './stack-settings.js';

describe('the settings of a stack', () => {
  it('have a default each', () => {
    const settings = readStackSettings({}, 1);
    expect(settings.ports).toEqual({ orders: 3001, inventory: 3002, shipping: 3003, carrier: 3004 });
    expect(settings.portOffset).toBe(0);
    expect(settings.infrastructure).toBeUndefined();
    expect(settings.brokers).toBeUndefined();
    expect(settings.databaseUrls.size).toBe(0);
    expect(settings.shutdownGraceMs).toBeGreaterThan(0);
  });

  it('are told wrong all at once, before anything is started', () => {
    const env = { ORDERS_PORT: 'http', WAYBILL_INFRA: 'podman', LOG_LEVEL: 'loud', WAYBILL_PORT_OFFSET: '-1' };
    expect(() => readStackSettings(env, 1)).toThrow(ConfigError);
    for (const name of Object.keys(env)) {
      expect(() => readStackSettings(env, 1)).toThrow(name);
    }
  });

  it('count an empty variable as not set', () => {
    expect(readStackSettings({ WAYBILL_INFRA: '', WAYBILL_KAFKA_BROKERS: ' ' }, 1).brokers).toBeUndefined();
  });

  it('refuse ports that the number of instances pushes over the end', () => {
    expect(() => readStackSettings({ WAYBILL_PORT_OFFSET: '50000', ORDERS_PORT: '15500' }, 2)).toThrow(/ORDERS_PORT.*65600/s);
  });

  it('take a database URL from a file, as services do', () => {
    const folder = mkdtempSync(join(tmpdir(), 'waybill-spec-'));
    try {
      const file = join(folder, 'url');
      writeFileSync(file, 'postgres://a:b@db.example:5432/orders\n');
      const settings = readStackSettings({ WAYBILL_ORDERS_DATABASE_URL_FILE: file }, 1);
      expect([...settings.databaseUrls]).toEqual([['orders', 'postgres://a:b@db.example:5432/orders']]);
    } finally {
      rmSync(folder, { recursive: true });
    }
  });

  it("never look at a shell's own DATABASE_URL", () => {
    expect(readStackSettings({ DATABASE_URL: 'postgres://stranger/db' }, 1).databaseUrls.size).toBe(0);
  });
});
