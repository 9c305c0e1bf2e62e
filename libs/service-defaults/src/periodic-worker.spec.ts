import type { Progress } from '@waybill/health';
import { until } from '@waybill/testing';
import { afterEach, describe, expect, it } from 'vitest';
import { PeriodicWorker, type PeriodicWorkerOptions } from './periodic-worker.js';

const HOUR_MS = 60 * 60 * 1_000;
const started: PeriodicWorker[] = [];

afterEach(async () => {
  await Promise.all(started.splice(0).map((worker) => worker.stop()));
});

function start(options: Pick<PeriodicWorkerOptions, 'round'> & Partial<PeriodicWorkerOptions>): PeriodicWorker {
  const worker = new PeriodicWorker({ name: 'spec', intervalMs: 1, onError: () => undefined, ...options });
  started.push(worker);
  worker.start();
  return worker;
}

describe('PeriodicWorker', () => {
  it('begins with a round, and does one after another', async () => {
    let rounds = 0;
    start({ round: async () => void rounds++ });
    expect(rounds).toBe(1);
    await until(() => rounds > 3);
  });

  it('goes on after a round that failed', async () => {
    const errors: unknown[] = [];
    let rounds = 0;
    start({
      round: async () => {
        rounds++;
        throw new Error(`round ${rounds}`);
      },
      onError: (error) => errors.push(error),
    });
    await until(() => errors.length > 1);
    expect(errors.slice(0, 2)).toEqual([new Error('round 1'), new Error('round 2')]);
  });

  it('stops in the middle of a pause', async () => {
    let rounds = 0;
    const worker = start({ intervalMs: HOUR_MS, round: async () => void rounds++ });
    await worker.stop();
    expect(rounds).toBe(1);
  });

  it('tells the round in hand, and waits for its end', async () => {
    let finish = () => {};
    let stopping: AbortSignal | undefined;
    let isStopped = false;
    const worker = start({
      round: (signal) => {
        stopping = signal;
        return new Promise((resolve) => (finish = resolve));
      },
    });
    const stopped = worker.stop().then(() => (isStopped = true));
    await new Promise(setImmediate);
    expect(stopping?.aborted).toBe(true);
    expect(isStopped).toBe(false);
    finish();
    await stopped;
  });

  it('runs once, however often it is started', async () => {
    let rounds = 0;
    const worker = start({ intervalMs: HOUR_MS, round: async () => void rounds++ });
    worker.start();
    expect(rounds).toBe(1);
  });

  it('tells how it gets on: a round in hand, its batches, and for how long it rests', async () => {
    const told: string[] = [];
    const progress: Progress = {
      beat: (quietMs = 0) => told.push(quietMs >= HOUR_MS / 2 ? 'rests' : 'beat'),
      begin: (what) => {
        told.push(`begin ${what}`);
        return () => told.push(`end ${what}`);
      },
      moved: (what) => told.push(`moved ${what}`),
      pause: () => undefined,
      resume: () => undefined,
    };
    const worker = new PeriodicWorker({
      name: 'spec',
      intervalMs: HOUR_MS,
      onError: () => undefined,
      round: async (_stopping, moved) => moved(),
    });
    started.push(worker);
    worker.start(progress);
    await until(() => told.length === 4);
    expect(told).toEqual(['begin round', 'moved round', 'end round', 'rests']);
  });
});
