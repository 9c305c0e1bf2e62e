import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { until } from '@waybill/testing';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { identityOf, isAlive } from './process-identity.js';
import { endLeftOvers, ProcessRoll } from './process-roll.js';

let home: string;
const children: ChildProcess[] = [];

beforeEach(() => {
  home = mkdtempSync(join(tmpdir(), 'waybill-spec-'));
});
afterEach(() => {
  for (const child of children.splice(0)) {
    child.kill('SIGKILL');
  }
  rmSync(home, { recursive: true, force: true });
});

describe('the roll of processes', () => {
  it('ends what is on it when its owner is gone: closing is what the guard sees of a death', async () => {
    const roll = await ProcessRoll.open(home, { temporary: false });
    const sleeper = startSleeper();
    roll.add('sleeper', sleeper.pid ?? 0, 'SIGTERM');
    roll.close();
    await once(sleeper, 'exit');
    expect(sleeper.signalCode).toBe('SIGTERM');
  });

  it('kills what does not listen to the signal', async () => {
    const roll = await ProcessRoll.open(home, { temporary: false, graceMs: 300 });
    const stubborn = spawn('sh', ['-c', "trap '' TERM; echo ready; while :; do sleep 0.1; done"]);
    children.push(stubborn);
    await once(stubborn.stdout, 'data');
    roll.add('stubborn', stubborn.pid ?? 0, 'SIGTERM');
    roll.close();
    await once(stubborn, 'exit');
    expect(stubborn.signalCode).toBe('SIGKILL');
  });

  it('leaves alone what was taken off it', async () => {
    const roll = await ProcessRoll.open(home, { temporary: true });
    const sleeper = startSleeper();
    roll.add('sleeper', sleeper.pid ?? 0, 'SIGTERM');
    roll.remove(sleeper.pid ?? 0);
    roll.close();
    // The guard is through when the folder of a temporary home is gone.
    await until(() => !existsSync(home), { what: 'the end of the guard' });
    expect(sleeper.exitCode ?? sleeper.signalCode).toBeNull();
  });

  it('admits nothing once the end has begun', async () => {
    const roll = await ProcessRoll.open(home, { temporary: false });
    roll.admit('orders');
    roll.refuse();
    expect(() => roll.admit('orders')).toThrow('orders is not started any more');
    roll.close();
  });

  it('is worked through by the next owner, who never ends a stranger with the same pid', async () => {
    const leftOver = startSleeper();
    const stranger = startSleeper();
    const entry = { name: 'orders', signal: 'SIGTERM', ...identityOf(leftOver.pid ?? 0) };
    const recycled = { name: 'kafka', signal: 'SIGKILL', pid: stranger.pid, startedAt: 'another boot/1' };
    writeFileSync(join(home, 'processes.json'), JSON.stringify([entry, recycled]));
    expect(await endLeftOvers(home)).toEqual(['orders']);
    expect(identityOf(leftOver.pid ?? 0)).toBeUndefined();
    expect(stranger.exitCode ?? stranger.signalCode).toBeNull();
  });

  it('says who runs, and goes with the last of them', async () => {
    const roll = await ProcessRoll.open(home, { temporary: false });
    const sleeper = startSleeper();
    const identity = roll.add('sleeper', sleeper.pid ?? 0, 'SIGTERM');
    expect(identity !== undefined && isAlive(identity)).toBe(true);
    expect(JSON.parse(readFileSync(join(home, 'processes.json'), 'utf8'))).toEqual([
      { ...identity, name: 'sleeper', signal: 'SIGTERM' },
    ]);
    roll.remove(sleeper.pid ?? 0);
    roll.close();
    expect(existsSync(join(home, 'processes.json'))).toBe(false);
  });
});

function startSleeper(): ChildProcess {
  const child = spawn('sleep', ['60']);
  children.push(child);
  return child;
}
