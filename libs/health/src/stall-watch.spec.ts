import { spawn } from 'node:child_process';
import { closeSync, mkdtempSync, openSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { until } from '@waybill/testing';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { StallWatch } from './stall-watch.js';

const log = { info: () => undefined, warn: () => undefined };

let folder: string;
let fd: number;
let watch: StallWatch | undefined;

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'stall-'));
  fd = openSync(join(folder, 'log'), 'a');
});
afterEach(() => {
  watch?.stop();
  closeSync(fd);
  rmSync(folder, { recursive: true });
});

interface Line {
  readonly msg: string;
  readonly stalledMs: number;
}

function lines(): Line[] {
  return readFileSync(join(folder, 'log'), 'utf8').split('\n').filter(Boolean).map((line) => JSON.parse(line) as Line);
}

/** Lets nothing else run. */
function block(ms: number): void {
  const end = performance.now() + ms;
  while (performance.now() < end) {
    // On purpose.
  }
}

/** A watch whose watchman has seen the loop turn, and counts from here on. */
async function watched(stallMs: number): Promise<StallWatch> {
  const started = new StallWatch({ log, stallMs, line: { fd, fields: { service: 'orders', instance: 2 } } });
  watch = started;
  started.start();
  started.started();
  // Several turns of the loop later, also on a busy machine: a stall that began before the start was over does not count.
  const free = started.freeNow();
  await until(() => started.freeNow() - free > 1_000);
  return started;
}

describe('a blocked event loop', () => {
  it('is told by the watchman while it lasts, and the process is not live for as long afterwards', async () => {
    const watch = await watched(1_000);
    block(2_000);
    // Nothing else has run yet: these lines were written meanwhile.
    const meanwhile = lines();
    expect(meanwhile[0]).toMatchObject({ service: 'orders', instance: 2 });
    expect(meanwhile[0]?.msg).toContain('blocked');
    await until(() => watch.failedMs !== undefined, { timeoutMs: 1_500 });
    expect(watch.failedMs).toBeGreaterThan(1_000);
    await until(() => lines().some(({ msg, stalledMs }) => msg.includes('turns again') && stalledMs > 1_000));
    await until(() => watch.failedMs === undefined, { timeoutMs: 5_000 });
    expect(watch.report().longestStallMs).toBeGreaterThan(1_000);
  }, 15_000);

  it('is told, and no matter, while the process starts', async () => {
    watch = new StallWatch({ log, stallMs: 1_000, line: { fd, fields: {} } });
    const starting = watch;
    starting.start();
    await new Promise((resolve) => setTimeout(resolve, 600));
    block(2_000);
    // As in a real start: the last thing that blocks, and then nothing but promises until it has started.
    starting.started();
    await until(() => starting.report().longestStallMs > 1_000);
    expect(starting.failedMs).toBeUndefined();
    expect(lines().length).toBeGreaterThan(0);
  }, 15_000);

  it('is no matter while it is short', async () => {
    const watch = await watched(3_000);
    block(300);
    await new Promise((resolve) => setTimeout(resolve, 600));
    expect(watch.failedMs).toBeUndefined();
  });
});

describe('a process that was stopped as a whole', () => {
  it('has not stalled', async () => {
    const watch = await watched(3_000);
    const self = process.pid;
    const stoppedFor = await new Promise<number>((resolve) => {
      let last = performance.now();
      // Somebody else has to wake us.
      spawn('sh', ['-c', `kill -STOP ${self}; sleep 4; kill -CONT ${self}`], { stdio: 'ignore' });
      const timer = setInterval(() => {
        const now = performance.now();
        if (now - last > 3_500) {
          clearInterval(timer);
          resolve(now - last);
        }
        last = now;
      }, 20);
    });
    expect(stoppedFor).toBeGreaterThan(3_500);
    await new Promise((resolve) => setTimeout(resolve, 600));
    expect(watch.failedMs).toBeUndefined();
  }, 15_000);
});
