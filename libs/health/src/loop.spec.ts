import { beforeEach, describe, expect, it } from 'vitest';
import { Loop } from './loop.js';

const STUCK_MS = 1_000;
let at = 0;
let loop: Loop;

beforeEach(() => {
  at = 0;
  loop = new Loop({ name: 'consumer', stuckMs: STUCK_MS, now: () => at });
});

describe('a loop is stuck', () => {
  it('when something is in hand for longer than the bound', () => {
    loop.begin('orders.events/3');
    at = STUCK_MS;
    expect(loop.stuck()).toBeUndefined();
    at = STUCK_MS + 1;
    expect(loop.stuck()).toEqual({ name: 'consumer', what: 'orders.events/3', forMs: STUCK_MS + 1 });
  });

  it('also when it has other things in hand that get on, and comes round', () => {
    loop.begin('orders.events/3');
    loop.begin('orders.events/4');
    at = STUCK_MS + 1;
    loop.moved('orders.events/4');
    loop.beat();
    expect(loop.stuck()?.what).toBe('orders.events/3');
  });

  it('when it does not come round', () => {
    loop.beat();
    at = STUCK_MS + 1;
    expect(loop.stuck()).toEqual({ name: 'consumer', forMs: STUCK_MS + 1 });
    loop.beat();
    expect(loop.stuck()).toBeUndefined();
  });

  it('when it lets the time pass by which it wanted to come round, and the bound', () => {
    loop.beat(60_000);
    at = 60_000 + STUCK_MS;
    expect(loop.stuck()).toBeUndefined();
    at += 1;
    expect(loop.stuck()?.name).toBe('consumer');
  });

  it('when it took something in hand, let go of it, and never came round again', () => {
    loop.begin('one')();
    at = STUCK_MS + 1;
    expect(loop.stuck()?.name).toBe('consumer');
  });
});

describe('a loop is not stuck', () => {
  it('before it has begun', () => {
    at = 1_000_000;
    expect(loop.stuck()).toBeUndefined();
    expect(loop.report()).toEqual({ state: 'not started', inHand: [] });
  });

  it('while it works for long on something that gets on', () => {
    loop.begin('orders.events/3');
    for (let step = 0; step < 100; step++) {
      at += STUCK_MS;
      loop.moved('orders.events/3');
    }
    expect(loop.stuck()).toBeUndefined();
    expect(loop.report()).toMatchObject({ state: 'busy', inHand: [{ forMs: 100 * STUCK_MS, lastMovedMsAgo: 0 }] });
  });

  it('while it has something in hand, however long ago it came round', () => {
    loop.beat();
    at = STUCK_MS - 1;
    loop.begin('orders.events/3');
    at += STUCK_MS;
    expect(loop.stuck()).toBeUndefined();
  });

  it('while it is paused, nor just after it was', () => {
    loop.beat();
    loop.begin('orders.events/3');
    loop.pause('the breaker is open');
    at = 1_000_000;
    expect(loop.stuck()).toBeUndefined();
    expect(loop.report()).toMatchObject({ state: 'paused', why: 'the breaker is open' });
    loop.resume();
    expect(loop.stuck()).toBeUndefined();
    at += STUCK_MS + 1;
    expect(loop.stuck()).toBeDefined();
  });

  it('while it fails and tries again', () => {
    for (let attempt = 0; attempt < 100; attempt++) {
      loop.beat();
      at += STUCK_MS;
    }
    expect(loop.stuck()).toBeUndefined();
  });
});
