import { describe, expect, it } from 'vitest';
import { changeEach, type Clock, interruptible } from './bulk.js';
import { RefusedError, UnavailableError } from './command-errors.js';

/** A clock that only moves when somebody sleeps. */
function stillClock(): Clock & { readonly slept: number[]; advance(ms: number): void } {
  let nowMs = 0;
  const slept: number[] = [];
  return {
    slept,
    now: () => nowMs,
    advance: (ms) => {
      nowMs += ms;
    },
    sleep: (ms) => {
      slept.push(ms);
      nowMs += ms;
      return Promise.resolve();
    },
  };
}

const never = new AbortController().signal;
const quiet = () => undefined;

describe('a change to many', () => {
  it('counts what was changed, and what somebody else had changed before', async () => {
    const result = await changeEach([1, 2, 3], {
      change: async (item) => (item === 2 ? 'gone' : 'changed'),
      rate: undefined,
      signal: never,
      onProgress: quiet,
    });
    expect(result).toEqual({ changed: 2, gone: 1, left: 0 });
  });

  it('keeps to its rate, and makes up for an item that took long', async () => {
    const clock = stillClock();
    await changeEach([0, 1, 2, 3], {
      change: async (item) => {
        clock.advance(item === 1 ? 150 : 0);
        return 'changed';
      },
      rate: 10,
      signal: never,
      onProgress: quiet,
      clock,
    });
    expect(clock.slept).toEqual([100, 50]);
    expect(clock.now()).toBe(300);
  });

  it('does not wait at all without a rate', async () => {
    const clock = stillClock();
    await changeEach([1, 2, 3], { change: async () => 'changed', rate: undefined, signal: never, onProgress: quiet, clock });
    expect(clock.slept).toEqual([]);
  });

  it('ends after the item in hand when it is interrupted, and says what is left', async () => {
    const interruption = new AbortController();
    const begun: number[] = [];
    const result = await changeEach([1, 2, 3, 4], {
      change: async (item) => {
        begun.push(item);
        if (item === 2) {
          interruption.abort();
        }
        return 'changed';
      },
      rate: undefined,
      signal: interruption.signal,
      onProgress: quiet,
    });
    expect(begun).toEqual([1, 2]);
    expect(result).toEqual({ changed: 2, gone: 0, left: 2 });
  });

  it('is not begun on the next item when it is interrupted while it waits for its turn', async () => {
    const interruption = new AbortController();
    const result = await changeEach([1, 2], {
      change: async () => 'changed',
      rate: 1,
      signal: interruption.signal,
      onProgress: quiet,
      clock: {
        now: () => 0,
        sleep: async () => interruption.abort(),
      },
    });
    expect(result).toEqual({ changed: 1, gone: 0, left: 1 });
  });

  it('stops at an item that fails, and says how many were done before', async () => {
    const failing = changeEach([1, 2, 3], {
      change: async (item) => {
        if (item === 2) {
          throw new Error('the database does not answer');
        }
        return 'changed';
      },
      rate: undefined,
      signal: never,
      onProgress: quiet,
    });
    await expect(failing).rejects.toThrow(RefusedError);
    await expect(failing).rejects.toThrow('the database does not answer\n1 of 3 done before that; the rest is as it was.');
  });

  it('a database that is away stays one that is away', async () => {
    const away = changeEach([1], {
      change: () => Promise.reject(new UnavailableError('the database does not answer')),
      rate: undefined,
      signal: never,
      onProgress: quiet,
    });
    await expect(away).rejects.toThrow(UnavailableError);
    await expect(away).rejects.toThrow('0 of 1 done before that');
  });
});

describe('Ctrl-C', () => {
  it('sets the signal once, and leaves nothing behind', async () => {
    const before = process.listenerCount('SIGINT');
    await interruptible(async (signal) => {
      expect(process.listenerCount('SIGINT')).toBe(before + 1);
      process.emit('SIGINT');
      expect(signal.aborted).toBe(true);
      // The second one is the process' own again.
      expect(process.listenerCount('SIGINT')).toBe(before);
    });
    expect(process.listenerCount('SIGINT')).toBe(before);
  });
});
