import { mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { lockHome, lockOwner } from './home-lock.js';
import { SetUpError } from './set-up-error.js';

let home: string;
beforeEach(() => {
  home = mkdtempSync(join(tmpdir(), 'waybill-spec-'));
});
afterEach(() => rmSync(home, { recursive: true, force: true }));

describe('the lock of a home', () => {
  it('is had by one at a time, and the second is told what to do', () => {
    const unlock = lockHome(home);
    expect(lockOwner(home)?.pid).toBe(process.pid);
    expect(() => lockHome(home)).toThrow(SetUpError);
    expect(() => lockHome(home)).toThrow(/npm stop.*WAYBILL_HOME and WAYBILL_PORT_OFFSET/);
    unlock();
    expect(lockOwner(home)).toBeUndefined();
    lockHome(home)();
  });

  it('of an owner that was killed is taken over', () => {
    writeFileSync(join(home, 'lock'), JSON.stringify({ pid: process.pid, startedAt: 'another boot/1' }));
    const unlock = lockHome(home);
    expect(lockOwner(home)?.pid).toBe(process.pid);
    unlock();
    expect(readdirSync(home)).toEqual([]);
  });

  it('that is damaged is taken over', () => {
    writeFileSync(join(home, 'lock'), '');
    lockHome(home)();
  });
});
