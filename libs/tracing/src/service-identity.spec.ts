import { mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { hostname, tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { serviceIdentity } from './service-identity.js';

let folder: string;

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'identity '));
  mkdirSync(join(folder, 'dist'));
  writeFileSync(join(folder, 'package.json'), '{"name":"@waybill/orders","version":"1.2.3"}');
  writeFileSync(join(folder, 'dist/main.js'), '');
});
afterEach(() => rmSync(folder, { recursive: true }));

describe('serviceIdentity', () => {
  it('is what the package of the entry file says', () => {
    const expected = { name: 'orders', version: '1.2.3', instance: `${hostname()}-1` };
    expect(serviceIdentity({}, join(folder, 'dist/main.js'))).toEqual(expected);
    // As in node_modules/.bin: a link in a folder of another package.
    mkdirSync(join(folder, 'other'));
    writeFileSync(join(folder, 'other/package.json'), '{"name":"other","version":"9.9.9"}');
    symlinkSync(join(folder, 'dist/main.js'), join(folder, 'other/main.js'));
    expect(serviceIdentity({}, join(folder, 'other/main.js'))).toEqual(expected);
  });

  it('takes the name that the operator gives', () => {
    const env = { OTEL_SERVICE_NAME: 'orders-canary', WAYBILL_INSTANCE: '7' };
    expect(serviceIdentity(env, join(folder, 'dist/main.js'))).toMatchObject({
      name: 'orders-canary',
      instance: `${hostname()}-7`,
    });
  });

  it.each([['without an entry', undefined], ['with an entry that is gone', '/nowhere/main.js']])('has a name %s', (_, entry) => {
    expect(serviceIdentity({}, entry).name).toBe('unknown_service');
  });
});
