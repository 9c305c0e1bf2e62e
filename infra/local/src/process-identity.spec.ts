import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { describe, expect, it } from 'vitest';
import { identityOf, isAlive, ownIdentity } from './process-identity.js';

describe('the identity of a process', () => {
  it('is the same as long as it runs', () => {
    expect(identityOf(process.pid)).toEqual(ownIdentity());
    expect(isAlive(ownIdentity())).toBe(true);
  });

  it('ends with it', async () => {
    const child = spawn('sleep', ['60']);
    const identity = identityOf(child.pid ?? 0);
    expect(identity).toBeDefined();
    child.kill('SIGKILL');
    await once(child, 'exit');
    expect(identity !== undefined && isAlive(identity)).toBe(false);
  });

  it('is not that of another process with the same pid', () => {
    expect(isAlive({ pid: process.pid, startedAt: 'another boot/12345' })).toBe(false);
  });

  it('is unknown for a pid that nobody has', () => {
    expect(identityOf(2 ** 22 + 1)).toBeUndefined();
  });
});
