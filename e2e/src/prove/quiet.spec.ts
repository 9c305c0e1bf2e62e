import { describe, expect, it } from 'vitest';
import type { Standing } from './platform-watch.js';
import { untilQuiet } from './quiet.js';

const rest: Standing = { outboxRows: 0, parkedWaiting: 0, openOrders: 0, openShipments: 0, lag: 0 };

/** What is seen at one look after another; the last for ever. `away` is a look at which nobody answered. */
async function quietAfter(looks: readonly (Partial<Standing> | 'away')[], { boundMs = 10_000, signal = new AbortController().signal } = {}) {
  let count = 0;
  const standing = (): Promise<Standing> => {
    const look = looks[Math.min(count++, looks.length - 1)] ?? 'away';
    return look === 'away' ? Promise.reject(new Error('ECONNREFUSED')) : Promise.resolve({ ...rest, ...look });
  };
  const quiet = await untilQuiet({ standing }, { boundMs, now: () => performance.now(), signal, everyMs: 1 });
  return { ...quiet, looks: count };
}

describe('waiting until all is quiet', () => {
  it.each(['outboxRows', 'parkedWaiting', 'openShipments', 'lag'] as const)('waits as long as there are %s', async (what) => {
    const { quietMs, standing, looks } = await quietAfter([{ [what]: 3 }, { [what]: 1 }, {}]);
    expect(quietMs).not.toBeNull();
    expect(standing).toEqual(rest);
    expect(looks).toBe(5);
  });

  it('begins anew when something moves again between two looks, or nobody answers', async () => {
    expect((await quietAfter([{}, {}, { lag: 1 }, {}])).looks).toBe(6);
    expect((await quietAfter([{}, {}, 'away', {}])).looks).toBe(6);
  });

  it('looks for longer where orders stay open, and as long as one of them still comes to its end', async () => {
    expect((await quietAfter([{ openOrders: 2 }])).looks).toBe(20);
    const moving = await quietAfter([...Array.from({ length: 19 }, () => ({ openOrders: 2 })), { openOrders: 1 }]);
    expect(moving.looks).toBe(39);
    expect(moving.standing?.openOrders).toBe(1);
  });

  it('gives up at the bound, and tells what was seen last', async () => {
    expect(await quietAfter([{ lag: 7 }], { boundMs: 20 })).toMatchObject({ quietMs: null, standing: { lag: 7 } });
    expect(await quietAfter(['away'], { boundMs: 20 })).toMatchObject({ quietMs: null, standing: undefined });
  });

  it('does not wait once it was told to stop', async () => {
    expect(await quietAfter([{ lag: 7 }], { signal: AbortSignal.abort() })).toMatchObject({ quietMs: null, looks: 0 });
  });
});
