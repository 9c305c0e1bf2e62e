import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import type { HealthCheck } from './check-runner.js';
import { Health } from './health.js';

const log = { info: vi.fn(), warn: vi.fn() };

beforeEach(() => {
  vi.useFakeTimers();
});
afterEach(() => {
  vi.useRealTimers();
  log.info.mockReset();
  log.warn.mockReset();
});

/** A dependency whose answer the test decides. */
function dependency(name: string, kind: HealthCheck['kind'], answer: () => Promise<void> = () => Promise.resolve()) {
  return { name, kind, check: vi.fn(answer) };
}

async function started(...checks: HealthCheck[]): Promise<Health> {
  const health = new Health({ log });
  for (const check of checks) {
    health.register(check);
  }
  health.start();
  health.started();
  await vi.advanceTimersByTimeAsync(0);
  return health;
}

const never = () => new Promise<void>(() => undefined);
const refused = () => Promise.reject(new Error('connect ECONNREFUSED 10.0.0.7:5432'));

describe('readiness', () => {
  it('is given when every dependency is well', async () => {
    const health = await started(dependency('database', 'hard'), dependency('kafka', 'soft'));
    expect(health.ready()).toEqual({
      httpStatus: 200,
      body: { status: 'ready', checks: { database: { state: 'up', ageMs: 0 }, kafka: { state: 'up', ageMs: 0 } } },
    });
  });

  it('is degraded, and given, while only a soft dependency is away', async () => {
    const health = await started(dependency('database', 'hard'), dependency('kafka', 'soft', refused));
    expect(health.ready()).toMatchObject({ httpStatus: 200, body: { status: 'degraded', degraded: ['kafka'] } });
  });

  it('is refused while a hard dependency is away, and says which, but not where', async () => {
    const health = await started(dependency('database', 'hard', refused), dependency('kafka', 'soft', refused));
    const { httpStatus, body } = health.ready();
    expect({ httpStatus, body }).toMatchObject({ httpStatus: 503, body: { status: 'not ready', missing: ['database'] } });
    expect(JSON.stringify(body)).not.toContain('10.0.0.7');
    expect(log.warn).toHaveBeenCalledWith('database is not available', expect.objectContaining({ why: expect.stringContaining('10.0.0.7') }));
  });

  it('is refused before a hard dependency has answered for the first time', async () => {
    const health = await started(dependency('database', 'hard', never));
    expect(health.ready()).toMatchObject({ httpStatus: 503, body: { missing: ['database'] } });
  });

  it('comes and goes with the dependency within two periods', async () => {
    let well = true;
    const health = await started(dependency('database', 'hard', () => (well ? Promise.resolve() : refused())));
    expect(health.ready().httpStatus).toBe(200);
    well = false;
    await vi.advanceTimersByTimeAsync(2_000);
    expect(health.ready().httpStatus).toBe(503);
    well = true;
    await vi.advanceTimersByTimeAsync(2_000);
    expect(health.ready().httpStatus).toBe(200);
    expect(log.warn).toHaveBeenCalledTimes(1);
    expect(log.info).toHaveBeenCalledTimes(2);
  });

  it('tells each reason of an outage once', async () => {
    const reasons = ['not connected yet', 'not connected yet', 'needs Expand1, which has not run', 'not connected yet'];
    const health = await started(dependency('schema', 'hard', () => Promise.reject(new Error(reasons.shift() ?? 'needs Expand1, which has not run'))));
    await vi.advanceTimersByTimeAsync(10_000);
    expect(health.ready().httpStatus).toBe(503);
    expect(log.warn.mock.calls.map(([, facts]) => (facts as { why: string }).why)).toEqual([
      'not connected yet',
      'needs Expand1, which has not run',
    ]);
  });

  it('tells the age of what it says', async () => {
    const health = await started(dependency('database', 'hard'));
    await vi.advanceTimersByTimeAsync(700);
    expect(health.ready().body.checks).toEqual({ database: { state: 'up', ageMs: 700 } });
  });
});

describe('a dependency that hangs', () => {
  it('counts as away after the time-out, and is not asked again before it has answered', async () => {
    const hanging = dependency('database', 'hard');
    const health = await started(hanging);
    let wake: () => void = () => undefined;
    hanging.check.mockImplementation(() => new Promise((resolve) => (wake = resolve)));
    await vi.advanceTimersByTimeAsync(2_000);
    expect(health.ready()).toMatchObject({ httpStatus: 503, body: { missing: ['database'] } });
    await vi.advanceTimersByTimeAsync(60_000);
    expect(hanging.check).toHaveBeenCalledTimes(2);
    wake();
    hanging.check.mockImplementation(() => Promise.resolve());
    await vi.advanceTimersByTimeAsync(1_000);
    expect(health.ready().httpStatus).toBe(200);
  });

  it('does not become well by an answer that came too late', async () => {
    const slow = dependency('database', 'hard', () => new Promise((resolve) => setTimeout(resolve, 1_500)));
    const health = await started(slow);
    await vi.advanceTimersByTimeAsync(1_600);
    expect(health.ready().httpStatus).toBe(503);
  });
});

describe('probes', () => {
  it('read memory: a thousand of them ask no dependency', async () => {
    const database = dependency('database', 'hard');
    const health = await started(database);
    for (let probe = 0; probe < 1_000; probe++) {
      health.ready();
    }
    expect(database.check).toHaveBeenCalledTimes(1);
  });

  it('are live and started whatever is away', async () => {
    const health = await started(dependency('database', 'hard', refused));
    expect(health.live()).toEqual({ httpStatus: 200, body: { status: 'live' } });
    expect(health.startup()).toEqual({ httpStatus: 200, body: { status: 'started' } });
  });

  it('are neither started nor ready before the start is done', () => {
    const health = new Health({ log });
    expect(health.startup()).toEqual({ httpStatus: 503, body: { status: 'starting' } });
    expect(health.ready().httpStatus).toBe(503);
    expect(health.live().httpStatus).toBe(200);
  });

  it('are live but not ready while the process drains', async () => {
    const health = await started(dependency('database', 'hard'));
    health.beginDraining();
    expect(health.ready()).toEqual({ httpStatus: 503, body: { status: 'draining' } });
    expect(health.live().httpStatus).toBe(200);
    expect(health.startup().httpStatus).toBe(200);
    health.started();
    expect(health.ready().body.status).toBe('draining');
  });

  it('ask nobody any more after the stop', async () => {
    const database = dependency('database', 'hard');
    const health = await started(database);
    health.stop();
    await vi.advanceTimersByTimeAsync(10_000);
    expect(database.check).toHaveBeenCalledTimes(1);
  });
});

describe('loops', () => {
  async function stuckConsumer(): Promise<Health> {
    const health = new Health({ log, stuckMs: 5_000 });
    health.start();
    health.started();
    health.loop('consumer').begin('orders.events/3');
    await vi.advanceTimersByTimeAsync(6_000);
    return health;
  }

  it('that do not get on make the process not live; the answer names the loop, not what it has in hand', async () => {
    const health = await stuckConsumer();
    expect(health.live()).toEqual({ httpStatus: 503, body: { status: 'stuck', loops: ['consumer'] } });
    expect(log.warn).toHaveBeenCalledTimes(1);
    expect(log.warn).toHaveBeenCalledWith(
      'consumer is stuck: this process is not live until it gets on',
      expect.objectContaining({ loop: 'consumer', inHand: 'orders.events/3' }),
    );
  });

  it('say nothing about readiness', async () => {
    const health = await stuckConsumer();
    expect(health.ready().httpStatus).toBe(200);
  });

  it('are told once, and again when they get on', async () => {
    const health = new Health({ log, stuckMs: 5_000 });
    health.start();
    health.started();
    const done = health.loop('consumer').begin('orders.events/3');
    await vi.advanceTimersByTimeAsync(20_000);
    done();
    await vi.advanceTimersByTimeAsync(1_000);
    expect(health.live().httpStatus).toBe(200);
    expect(log.warn).toHaveBeenCalledTimes(1);
    expect(log.info).toHaveBeenCalledWith('consumer gets on again', { loop: 'consumer' });
  });

  it('are not judged while the process drains: they end one after another', async () => {
    const health = await stuckConsumer();
    health.beginDraining();
    expect(health.live().httpStatus).toBe(200);
  });
});

describe('the detail', () => {
  it('gives reasons and ages, with hosts and without passwords', async () => {
    const broken = dependency('database', 'hard', () => Promise.reject(new Error('no answer from postgres://orders_a:geheim@10.0.0.7:5432')));
    const health = await started(broken);
    const done = health.loop('consumer').begin('orders.events/3');
    await vi.advanceTimersByTimeAsync(700);
    const detail = health.detail();
    expect(detail).toMatchObject({
      live: { status: 'live' },
      startup: { status: 'started' },
      ready: { status: 'not ready' },
      checks: { database: { kind: 'hard', state: 'down', ageMs: 700, why: 'no answer from postgres://***@10.0.0.7:5432' } },
      loops: { consumer: { state: 'busy', inHand: [{ what: 'orders.events/3', forMs: 700 }] } },
    });
    done();
    expect(JSON.stringify(detail)).not.toContain('geheim');
  });
});
