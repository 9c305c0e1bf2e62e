import { EventEmitter } from 'node:events';
import { beforeEach, describe, expect, it, vi } from 'vitest';
import { type Clock, GracefulShutdown, type Phase, phases } from './graceful-shutdown.js';

const log = { info: vi.fn(), warn: vi.fn(), error: vi.fn() };

/** Time stands still until it is told to pass. */
class TestClock implements Clock {
  private now = 0;
  private alarms: { at: number; run: () => void }[] = [];

  sleep(ms: number): Promise<void> {
    return new Promise((resolve) => this.after(ms, resolve));
  }

  after(ms: number, run: () => void): () => void {
    const alarm = { at: this.now + ms, run };
    this.alarms.push(alarm);
    return () => {
      this.alarms = this.alarms.filter((each) => each !== alarm);
    };
  }

  async pass(ms: number): Promise<void> {
    await settle();
    this.now += ms;
    const due = this.alarms.filter(({ at }) => at <= this.now);
    this.alarms = this.alarms.filter(({ at }) => at > this.now);
    due.forEach(({ run }) => run());
    await settle();
  }

  get waiting(): number {
    return this.alarms.length;
  }
}

async function settle(): Promise<void> {
  await new Promise((resolve) => setImmediate(resolve));
}

function setUp({ drainMs = 0, timeoutMs = 1_000 } = {}) {
  const clock = new TestClock();
  const exit = vi.fn();
  const shutdown = new GracefulShutdown({ drainMs, timeoutMs, log, exit, clock });
  const order: string[] = [];
  const signals = new EventEmitter();
  shutdown.listenTo(signals);
  const step = (phase: Phase, name: string = phase) => shutdown.on(phase, name, () => void order.push(name));
  return { clock, exit, shutdown, order, signals, step };
}

beforeEach(() => {
  vi.resetAllMocks();
});

describe('the stop', () => {
  it('goes through its phases in order, the database last, and exits with 0', async () => {
    const { clock, exit, order, signals, step } = setUp();
    for (const phase of [...phases].reverse()) {
      step(phase);
    }
    signals.emit('SIGTERM');
    await clock.pass(0);
    expect(order).toEqual(['readiness', 'drain', 'intake', 'in-flight', 'servers', 'connections', 'database']);
    expect(exit).toHaveBeenCalledExactlyOnceWith(0);
  });

  it('says not ready at once, and goes on serving until the drain is over', async () => {
    const { clock, order, shutdown, signals, step } = setUp({ drainMs: 500 });
    step('readiness');
    step('intake');
    expect(shutdown.isStopping).toBe(false);
    signals.emit('SIGTERM');
    await clock.pass(499);
    expect(shutdown.isStopping).toBe(true);
    expect(order).toEqual(['readiness']);
    await clock.pass(1);
    expect(order).toEqual(['readiness', 'intake']);
  });

  it('waits for work in hand before it closes anything', async () => {
    const { clock, exit, order, shutdown, signals, step } = setUp();
    step('intake');
    step('servers');
    const ended = [shutdown.work.begin('POST /orders'), shutdown.work.begin('POST /orders')];
    signals.emit('SIGTERM');
    await clock.pass(100);
    ended[0]?.();
    ended[0]?.();
    await clock.pass(100);
    expect(order).toEqual(['intake']);
    ended[1]?.();
    await clock.pass(0);
    expect(order).toEqual(['intake', 'servers']);
    expect(exit).toHaveBeenCalledExactlyOnceWith(0);
  });

  it('runs the steps of a phase at the same time, also one that was added while it ran', async () => {
    const { clock, exit, order, shutdown, signals } = setUp();
    shutdown.on('intake', 'consumer', async () => {
      order.push('consumer begins');
      shutdown.on('intake', 'late worker', () => void order.push('late worker'));
      await clock.sleep(50);
      order.push('consumer ends');
    });
    shutdown.on('intake', 'worker', () => void order.push('worker'));
    signals.emit('SIGTERM');
    await clock.pass(0);
    expect(order).toEqual(['consumer begins', 'worker']);
    await clock.pass(50);
    expect(order).toEqual(['consumer begins', 'worker', 'consumer ends', 'late worker']);
    expect(exit).toHaveBeenCalledExactlyOnceWith(0);
  });

  it('goes on after a step that failed, and exits with 1', async () => {
    const { clock, exit, order, shutdown, signals, step } = setUp();
    shutdown.on('connections', 'kafka', () => Promise.reject(new Error('broker is gone')));
    step('database');
    signals.emit('SIGTERM');
    await clock.pass(0);
    expect(order).toEqual(['database']);
    expect(log.error).toHaveBeenCalledWith(expect.any(String), expect.objectContaining({ phase: 'connections', step: 'kafka' }));
    expect(exit).toHaveBeenCalledExactlyOnceWith(1);
  });

  it('runs a step at once that comes when its phase is over, because the process stops while it starts', async () => {
    const { clock, exit, order, shutdown, signals, step } = setUp();
    shutdown.on('servers', 'start', async () => {
      await clock.sleep(50);
      step('intake', 'consumer');
      step('database', 'pool');
    });
    signals.emit('SIGTERM');
    await clock.pass(0);
    expect(order).toEqual([]);
    await clock.pass(50);
    expect(order).toEqual(['consumer', 'pool']);
    expect(exit).toHaveBeenCalledExactlyOnceWith(0);
  });

  it('says how long each phase took', async () => {
    const { clock, signals } = setUp();
    signals.emit('SIGTERM');
    await clock.pass(0);
    const [, facts] = log.info.mock.lastCall as [string, { exitCode: number; tookMs: object }];
    expect(facts.exitCode).toBe(0);
    expect(Object.keys(facts.tookMs)).toEqual([...phases]);
  });

  it('happens once, whoever asks for it', async () => {
    const { clock, exit, order, shutdown, signals, step } = setUp({ drainMs: 10 });
    step('database');
    signals.emit('SIGTERM');
    signals.emit('SIGTERM');
    void shutdown.stop('test');
    await clock.pass(10);
    expect(order).toEqual(['database']);
    expect(exit).toHaveBeenCalledExactlyOnceWith(0);
  });
});

describe('the deadline', () => {
  it('ends a stop that hangs with 1, and says what is still held', async () => {
    const { clock, exit, shutdown, signals } = setUp({ drainMs: 500, timeoutMs: 1_000 });
    shutdown.work.begin('POST /orders');
    shutdown.on('in-flight', 'relay batch', () => new Promise(() => undefined));
    signals.emit('SIGTERM');
    await clock.pass(500);
    await clock.pass(999);
    expect(exit).not.toHaveBeenCalled();
    await clock.pass(1);
    expect(exit).toHaveBeenCalledExactlyOnceWith(1);
    expect(log.error).toHaveBeenCalledWith(expect.stringContaining('1000 ms'), {
      phase: 'in-flight',
      unfinishedSteps: ['work in hand', 'relay batch'],
      workInHand: { 'POST /orders': 1 },
      activeResources: expect.any(Object) as object,
    });
  });

  it('is gone when the stop has ended in time', async () => {
    const { clock, signals } = setUp();
    signals.emit('SIGTERM');
    await clock.pass(0);
    expect(clock.waiting).toBe(0);
  });
});

describe('signals', () => {
  it('a second SIGTERM changes nothing, a second SIGINT does not wait', async () => {
    const { clock, exit, signals } = setUp({ drainMs: 500 });
    signals.emit('SIGINT');
    signals.emit('SIGTERM');
    await clock.pass(0);
    expect(exit).not.toHaveBeenCalled();
    signals.emit('SIGINT');
    expect(exit).toHaveBeenCalledExactlyOnceWith(1);
  });

  it.each(['uncaughtException', 'unhandledRejection'])('%s takes the same path, and exits with 1', async (event) => {
    const { clock, exit, order, signals, step } = setUp();
    step('database');
    const bug = new Error('nobody caught this');
    signals.emit(event, bug);
    await clock.pass(0);
    expect(order).toEqual(['database']);
    expect(log.error).toHaveBeenCalledWith(expect.any(String), { err: bug });
    expect(exit).toHaveBeenCalledExactlyOnceWith(1);
  });

  it('an error during the stop turns its exit code to 1 and stops it no second time', async () => {
    const { clock, exit, signals } = setUp({ drainMs: 10 });
    signals.emit('SIGTERM');
    signals.emit('unhandledRejection', new Error('late'));
    await clock.pass(10);
    expect(exit).toHaveBeenCalledExactlyOnceWith(1);
  });
});

it('stops by the real clock, too', async () => {
  const exit = vi.fn();
  const shutdown = new GracefulShutdown({ drainMs: 5, timeoutMs: 1_000, log, exit });
  await shutdown.stop('test');
  expect(exit).toHaveBeenCalledExactlyOnceWith(0);
});
