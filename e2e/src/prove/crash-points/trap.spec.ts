import { beforeEach, describe, expect, it, vi } from 'vitest';
import { type TrapMode, Traps } from './trap.js';

let done: string[];
let traps: Traps;
const make = () => {
  done.push('call');
  return Promise.resolve('answer');
};

beforeEach(() => {
  done = [];
  traps = new Traps({
    nameOf: (operation) => (operation === 'nobody' ? undefined : operation),
    onSeen: (point, mayBeLost) => void done.push(`seen ${point}${mayBeLost ? ', may be lost' : ''}`),
    onFired: ({ mode }) => void done.push(`fired ${mode}`),
    signal: (name) => void done.push(name),
  });
});

function set(mode: TrapMode): void {
  traps.set({ point: 'COMMIT', mode });
}

describe('a trap', () => {
  it.each([
    ['kill-before', ['seen COMMIT', 'fired kill-before', 'SIGKILL', 'call']],
    ['kill-after', ['seen COMMIT', 'call', 'fired kill-after', 'SIGKILL']],
    ['pause-before', ['seen COMMIT', 'fired pause-before', 'SIGSTOP', 'call']],
    ['pause-after', ['seen COMMIT', 'call', 'fired pause-after', 'SIGSTOP']],
  ] as const)('%s springs at its side of the call', async (mode, order) => {
    set(mode);
    expect(await traps.through({ operation: 'COMMIT', make })).toBe('answer');
    expect(done).toEqual(order);
  });

  it('of a time-out carries the call out, and tells its caller otherwise', async () => {
    set('timeout');
    const lost = new Error('nobody knows');
    await expect(traps.through({ operation: 'COMMIT', make, lost: () => lost })).rejects.toBe(lost);
    expect(done).toEqual(['seen COMMIT, may be lost', 'call', 'fired timeout']);
  });

  it('of a time-out waits for a call that can be lost', async () => {
    set('timeout');
    expect(await traps.through({ operation: 'COMMIT', make })).toBe('answer');
    await expect(traps.through({ operation: 'COMMIT', make, lost: () => new Error('lost') })).rejects.toThrow('lost');
  });

  it('springs once, and not at another call', async () => {
    set('kill-before');
    await traps.through({ operation: 'BEGIN', make });
    await traps.through({ operation: 'COMMIT', make });
    await traps.through({ operation: 'COMMIT', make });
    expect(done.filter((each) => each === 'SIGKILL')).toHaveLength(1);
  });

  it('springs after a call that failed, too, and its error stays', async () => {
    set('kill-after');
    await expect(traps.through({ operation: 'COMMIT', make: () => Promise.reject(new Error('no')) })).rejects.toThrow('no');
    expect(done).toContain('SIGKILL');
  });

  it('that was taken away does not spring', async () => {
    set('kill-before');
    traps.set(undefined);
    await traps.through({ operation: 'COMMIT', make });
    expect(done).toEqual(['seen COMMIT', 'call']);
  });
});

it('tells of a kind of call once, until it is asked to tell again', async () => {
  await traps.through({ operation: 'BEGIN', make });
  await traps.through({ operation: 'BEGIN', make });
  traps.tellAgain();
  await traps.through({ operation: 'BEGIN', make });
  expect(done.filter((each) => each === 'seen BEGIN')).toHaveLength(2);
});

it('lets a call without a name through as it is', () => {
  const answer = Promise.resolve(vi.fn());
  expect(traps.through({ operation: 'nobody', make: () => answer })).toBe(answer);
  expect(done).toEqual([]);
});
