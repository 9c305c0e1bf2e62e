import { setTimeout as sleep } from 'node:timers/promises';
import { until } from '@waybill/testing';
import type { Platform } from '../../platform.js';
import type { Switchboard } from './switchboard.js';
import type { Traffic } from './traffic.js';
import type { Trial, TrialResult } from './trial.js';

export interface TrialWorld {
  readonly platform: Platform;
  readonly board: Switchboard;
  readonly traffic: Traffic;
  readonly now: () => number;
  readonly signal: AbortSignal;
}

/** The instance that is ill-treated; the first one of each service is left alone. */
export const VICTIM = 2;
/** Longer than the relay's lease (4.5 s) and the group's session (4 s, as wrap-kafka.ts sets it). */
export const PAUSE_MS = 6_500;
const REACHED_WITHIN_MS = 45_000;
const NUDGE_MS = 3_000;
/** Then the process is stopped and started, too. */
const NUDGES_PER_STOP = 3;
const RUNS_AGAIN_WITHIN_MS = 90_000;
const ANSWERS_WITHIN_MS = 2_000;

/** Sets the trap, leads the platform into it, and sees that what was hit goes on. */
export async function runTrial(trial: Trial, world: TrialWorld): Promise<TrialResult> {
  const { board, now, signal } = world;
  const { point, mode, service } = trial;
  const target = `${service}-${VICTIM}`;
  const startMs = now();
  let firedMs: number | null = null;
  let pid: number | undefined;
  const fired = new Promise<void>((resolve) => {
    board.set(target, { point: point.name, mode }, () => {
      firedMs = now();
      pid = board.pidOf(target);
      resolve();
    });
  });
  const end = new AbortController();
  const leading = lead(trial, world, AbortSignal.any([signal, end.signal])).catch(() => undefined);
  try {
    await Promise.race([fired, sleep(REACHED_WITHIN_MS, undefined, { signal })]);
    end.abort();
    board.clear(target);
    if (firedMs !== null && mode.startsWith('pause')) {
      await sleep(PAUSE_MS, undefined, { signal });
      goOn(pid);
    }
    if (firedMs !== null && mode.startsWith('kill')) {
      await until(() => board.pidOf(target) !== pid, { timeoutMs: 10_000, what: `the end of ${target}` });
    }
    await leading;
    await runsAgain(trial, world);
    const outcome = firedMs === null ? 'not reached' : 'went on';
    return { ...trial, outcome, detail: null, startMs, firedMs, endMs: now() };
  } catch (error) {
    signal.throwIfAborted();
    const { message, cause } = error as Error;
    const detail = cause instanceof Error ? `${message} (${cause.message})` : message;
    return { ...trial, outcome: 'did not go on', detail, startMs, firedMs, endMs: now() };
  } finally {
    end.abort();
  }
}

/**
 * Leads the platform to the point, again and again until the abort: most points are passed by all the time, or when
 * something rare happens; others when a process starts or stops, or when another one of its kind does.
 */
async function lead({ point, service }: Trial, world: TrialWorld, signal: AbortSignal): Promise<void> {
  const { platform, board, traffic } = world;
  const target = `${service}-${VICTIM}`;
  for (let turn = 0; !signal.aborted; turn++) {
    switch (point.stage) {
      case 'load':
        break;
      case 'stop':
        await platform.process(service, VICTIM).stop();
        break;
      case 'start':
        await platform.process(service, VICTIM).kill();
    }
    if (point.stage === 'load' && turn % NUDGES_PER_STOP === NUDGES_PER_STOP - 1) {
      await platform.process(service, VICTIM).stop();
    }
    if (board.pidOf(target) === undefined && !signal.aborted) {
      // Its end may be known here before it is known to whoever starts it.
      await until(() => signal.aborted || platform.process(service, VICTIM).start().then(() => true));
    }
    if (!signal.aborted) {
      traffic.nudge(service);
      await sleep(NUDGE_MS, undefined, { signal }).catch(() => undefined);
    }
  }
}

function goOn(pid: number | undefined): void {
  if (pid !== undefined) {
    process.kill(pid, 'SIGCONT');
  }
}

/** Ready and a member of its group, whether it never went down, or has to be started. */
async function runsAgain({ service }: Trial, { platform, board }: TrialWorld): Promise<void> {
  const [url] = platform.urlsOf(service).slice(VICTIM - 1);
  await until(
    async () => {
      if (board.pidOf(`${service}-${VICTIM}`) === undefined) {
        await platform.process(service, VICTIM).start();
      }
      const ready = await fetch(`${url}/health/ready`, { signal: AbortSignal.timeout(ANSWERS_WITHIN_MS) });
      const metrics = await fetch(`${url}/metrics`, { signal: AbortSignal.timeout(ANSWERS_WITHIN_MS) });
      return ready.status === 200 && /^waybill_consumer_joined\S* 1$/m.test(await metrics.text());
    },
    { timeoutMs: RUNS_AGAIN_WITHIN_MS, intervalMs: 100, what: `${service}-${VICTIM} to be ready, and in its group` },
  );
}
