import { mkdtempSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { loadCredentials, logins } from './credentials.js';
import { SetUpError } from './set-up-error.js';

let home: string;
beforeEach(() => {
  home = mkdtempSync(join(tmpdir(), 'waybill-spec-'));
});
afterEach(() => rmSync(home, { recursive: true, force: true }));

describe('the credentials of a home', () => {
  it('are made once, another password for each login', () => {
    const first = loadCredentials(home);
    expect(loadCredentials(home)).toEqual(first);
    expect(Object.keys(first.logins)).toEqual(logins);
    expect(new Set([first.admin, ...Object.values(first.logins)]).size).toBe(logins.length + 1);
  });

  it('need no escape in a URL', () => {
    const { admin, logins: passwords } = loadCredentials(home);
    for (const password of [admin, ...Object.values(passwords)]) {
      expect(encodeURIComponent(password)).toBe(password);
    }
  });

  it('are for their owner only', () => {
    loadCredentials(home);
    expect(statSync(join(home, 'credentials.json')).mode & 0o777).toBe(0o600);
  });

  it('that are damaged are named, and nothing is made over them', () => {
    writeFileSync(join(home, 'credentials.json'), '{}');
    expect(() => loadCredentials(home)).toThrow(SetUpError);
    expect(() => loadCredentials(home)).toThrow(/credentials\.json.*--fresh/);
  });
});
