import { describe, expect, it } from 'vitest';
import { runFaults } from './fault-run.js';
import type { World } from './faults/fault.js';
import type { FaultKind, PlannedFault } from './plan.js';
import type { Sample } from './record.js';

const planned = (kind: FaultKind, part: Partial<PlannedFault> = {}): PlannedFault => ({ kind, atMs: 0, seed: 1, settles: false, ...part });
const sample = (atMs: number, lag: number): Sample => ({
  ...{ atMs, lag, outboxRows: 0, accepted: 0, ended: 0, p50Ms: null, p99Ms: null, unknown: 0 },
});

/** Processes that do what they are told, and remember it; `does` may fail in their place. */
function runOf(plan: readonly PlannedFault[], does: (what: string) => void = () => undefined) {
  const done: string[] = [];
  const stopping = new AbortController();
  const samples: Sample[] = [];
  const act = (what: string) => () => {
    done.push(what);
    does(what);
    return Promise.resolve();
  };
  const platform = {
    process: () => ({ kill: act('kill'), stop: act('stop'), start: act('start') }),
    instancesOf: () => [1],
  };
  const world = { platform, network: undefined, watch: {}, instances: 1, planted: [] } as unknown as Omit<World, 'random'>;
  const origin = performance.now();
  const now = () => performance.now() - origin;
  const run = (endMs = 10_000) =>
    runFaults({ plan, world, sampler: { samples }, now, endMs, signal: stopping.signal, say: () => undefined });
  return { run, done, stopping, samples, now };
}

const rolls = (what: string) => ['stop', 'start'].includes(what);

describe('the run of the faults', () => {
  it('makes one fault after another, each at its time, and keeps when that was', async () => {
    const { run, done } = runOf([planned('rolling'), planned('rolling', { atMs: 200 })]);
    const spans = await run();
    expect(spans.map(({ kind }) => kind)).toEqual(['rolling', 'rolling']);
    expect(spans[1]?.startMs).toBeGreaterThanOrEqual(199);
    expect(done.length).toBeGreaterThanOrEqual(4);
    expect(done.every(rolls)).toBe(true);
  });

  it('begins none after the last order', async () => {
    const { run } = runOf([planned('rolling', { atMs: 20 })]);
    expect(await run(10)).toEqual([]);
  });

  it('waits after a fault that settles, until a sample shows no backlog', async () => {
    const { run, samples, now } = runOf([planned('rolling', { settles: true }), planned('rolling')]);
    samples.push(sample(0, 0), sample(1, 5_000));
    const clear = setTimeout(() => samples.push(sample(now(), 0)), 300);
    const [, second] = await run();
    clearTimeout(clear);
    expect(second?.startMs).toBeGreaterThan(290);
  });

  it('takes back what could be made in part only, and says what it was', async () => {
    const { run, done } = runOf([planned('kill')], (what) => {
      if (what === 'kill') {
        throw new Error('no such process');
      }
    });
    await expect(run()).rejects.toThrow('could not be made');
    expect(done).toEqual(['kill', 'start']);
  });

  it('tries again to take it back, and says what does not run any more', async () => {
    const { run, done } = runOf([planned('kill')], () => {
      throw new Error('not ready');
    });
    await expect(run()).rejects.toThrow('should run again after "kill -9"');
    expect(done).toEqual(['kill', 'start', 'start', 'start']);
  });

  it('takes back at once what it has made when it is told to stop, and begins nothing new', async () => {
    const { run, done, stopping } = runOf([planned('kill'), planned('rolling')], () => stopping.abort());
    const spans = await run();
    expect(spans.map(({ kind }) => kind)).toEqual(['kill']);
    expect(done).toEqual(['kill', 'start']);
  });
});
