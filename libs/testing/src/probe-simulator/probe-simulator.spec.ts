import { afterEach, describe, expect, it } from 'vitest';
import type { ProbeClock } from './probe-clock.js';
import type { ProbeKind, Probes } from './probe-settings.js';
import { type Container, ProbeSimulator } from './probe-simulator.js';

/** Time that passes only when the spec says so. */
class FakeClock implements ProbeClock {
  private at = 0;
  private readonly sleepers = new Set<{ readonly dueAt: number; readonly wake: () => void }>();

  now(): number {
    return this.at;
  }

  sleep(ms: number, signal: AbortSignal): Promise<void> {
    if (signal.aborted) {
      return Promise.resolve();
    }
    return new Promise((resolve) => {
      const wake = () => {
        signal.removeEventListener('abort', wake);
        this.sleepers.delete(sleeper);
        resolve();
      };
      const sleeper = { dueAt: this.at + ms, wake };
      this.sleepers.add(sleeper);
      signal.addEventListener('abort', wake);
    });
  }

  async pass(seconds: number): Promise<void> {
    const end = this.at + seconds * 1_000;
    await settle();
    for (;;) {
      const next = [...this.sleepers].filter(({ dueAt }) => dueAt <= end).sort((one, other) => one.dueAt - other.dueAt)[0];
      if (next === undefined) {
        break;
      }
      this.at = Math.max(this.at, next.dueAt);
      next.wake();
      await settle();
    }
    this.at = end;
  }
}

/** Whatever was waiting for a promise has gone on. */
async function settle(): Promise<void> {
  for (let turn = 0; turn < 5; turn++) {
    await new Promise(setImmediate);
  }
}

/** A process whose answers and end the spec decides. */
class FakeContainer implements Container {
  readonly signals: string[] = [];
  starts = 0;
  endsOn: readonly string[] = ['SIGTERM', 'SIGKILL'];
  end: (how: string) => void = () => undefined;
  private ending: Promise<string> = Promise.resolve('');

  start(): Promise<void> {
    this.starts++;
    this.ending = new Promise((resolve) => (this.end = resolve));
    return Promise.resolve();
  }

  signal(name: string): void {
    this.signals.push(name);
    if (this.endsOn.includes(name)) {
      this.end(name);
    }
  }

  ended(): Promise<string> {
    return this.ending;
  }
}

const clock = { current: new FakeClock() };
let simulator: ProbeSimulator;

function simulate(probes: Probes, answers: Partial<Record<ProbeKind, () => boolean>> = {}) {
  clock.current = new FakeClock();
  const container = new FakeContainer();
  const asked: string[] = [];
  simulator = new ProbeSimulator({
    container,
    probes,
    clock: clock.current,
    ask: (kind) => {
      asked.push(`${kind}@${clock.current.now() / 1_000}`);
      return Promise.resolve(answers[kind]?.() ?? true);
    },
  });
  simulator.start();
  return { container, asked };
}

const pass = (seconds: number) => clock.current.pass(seconds);
const happened = () => simulator.events.map(({ atMs, kind, detail }) => `${atMs / 1_000} ${kind}${detail === undefined ? '' : ` ${detail}`}`);

afterEach(async () => {
  const stopped = simulator.stop();
  await pass(60);
  await stopped;
});

describe('the startup probe', () => {
  it('keeps the others silent until it has succeeded once, and is silent itself from then on', async () => {
    let started = false;
    const { asked } = simulate(
      { startup: { periodSeconds: 1, failureThreshold: 30 }, liveness: { periodSeconds: 5 }, readiness: { periodSeconds: 5 } },
      { startup: () => started },
    );
    await pass(20);
    expect(asked.every((each) => each.startsWith('startup'))).toBe(true);
    started = true;
    await pass(10);
    expect(asked.slice(asked.indexOf('startup@21') + 1)).toEqual(['liveness@25', 'readiness@25', 'liveness@30', 'readiness@30']);
    expect(simulator.restarts).toBe(0);
  });

  it('dooms a process that takes too long to start', async () => {
    simulate({ startup: { periodSeconds: 1, failureThreshold: 5 } }, { startup: () => false });
    await pass(4.5);
    expect(simulator.restarts).toBe(1);
    expect(happened().slice(5, 9)).toEqual(['4 probe failed startup', '4 doomed startup', '4 ended SIGTERM', '4 started']);
  });
});

describe('the liveness probe', () => {
  it('dooms after so many failures in a row, with SIGTERM, and SIGKILL after the grace', async () => {
    let live = true;
    const { container } = simulate({ liveness: { periodSeconds: 10, terminationGracePeriodSeconds: 7 } }, { liveness: () => live });
    container.endsOn = ['SIGKILL'];
    await pass(15);
    live = false;
    await pass(31);
    expect(container.signals).toEqual(['SIGTERM']);
    live = true;
    await pass(2);
    expect(container.signals).toEqual(['SIGTERM', 'SIGKILL']);
    await pass(1);
    expect(happened()).toEqual([
      '0 started',
      '0 ready',
      '20 probe failed liveness',
      '30 probe failed liveness',
      '40 probe failed liveness',
      '40 doomed liveness',
      '47 killed',
      '47 not ready',
      '47 ended SIGKILL',
      '47 started',
      '47 ready',
    ]);
  });

  it('forgives failures that are not in a row', async () => {
    let turn = 0;
    simulate({ liveness: { periodSeconds: 1 } }, { liveness: () => turn++ % 3 === 2 });
    await pass(120);
    expect(simulator.restarts).toBe(0);
  });

  it('waits for its initial delay', async () => {
    const { asked } = simulate({ liveness: { periodSeconds: 10, initialDelaySeconds: 15 } });
    await pass(30);
    expect(asked).toEqual(['liveness@20', 'liveness@30']);
  });
});

describe('the readiness probe', () => {
  it('takes a process out of the endpoints and lets it in again, and never restarts it', async () => {
    let ready = true;
    simulate({ readiness: { periodSeconds: 1, failureThreshold: 2, successThreshold: 1 } }, { readiness: () => ready });
    expect(simulator.ready).toBe(false);
    await pass(1.5);
    expect(simulator.ready).toBe(true);
    ready = false;
    await pass(2);
    expect(simulator.ready).toBe(false);
    await pass(1_000);
    ready = true;
    await pass(1);
    expect(simulator.ready).toBe(true);
    expect(simulator.restarts).toBe(0);
  });

  it('is asked to the end of a process that is told to stop', async () => {
    const { container, asked } = simulate({ readiness: { periodSeconds: 1 }, liveness: { periodSeconds: 1 } });
    container.endsOn = ['SIGKILL'];
    await pass(5);
    const stopped = simulator.stop();
    await pass(10);
    expect(asked.at(-1)).toBe('readiness@15');
    expect(asked).not.toContain('liveness@10');
    await pass(30);
    await stopped;
    expect(container.signals).toEqual(['SIGTERM', 'SIGKILL']);
  });
});

describe('a process that ends by itself', () => {
  it('is started again: at once, and then with a growing pause', async () => {
    const { container } = simulate({});
    await pass(0);
    for (let crash = 0; crash < 4; crash++) {
      container.end('exit code 1');
      await pass(0);
    }
    expect(container.starts).toBe(2);
    await pass(10);
    expect(container.starts).toBe(3);
    container.end('exit code 1');
    await pass(19);
    expect(container.starts).toBe(3);
    await pass(1);
    expect(container.starts).toBe(4);
  });
});
