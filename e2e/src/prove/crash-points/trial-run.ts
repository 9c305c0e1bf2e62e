import { setTimeout as sleep } from 'node:timers/promises';
import { until } from '@waybill/testing';
import type { Platform } from '../../platform.js';
import { stopInOrder } from './survey.js';
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
/** Longer than the relay's lease (4.5 s) and the group's session (6 s, as install.ts sets it). */
export const PAUSE_MS = 7_500;
const REACHED_WITHIN_MS = 45_000;
const NUDGE_MS = 3_000;
/** What a process does when it is ready already. */
const AFTERWARDS_MS = 3_000;
const RUNS_AGAIN_WITHIN_MS = 90_000;

/** Sets the trap, leads the platform into it, and sees that what was hit goes on. */
export async function runTrial(trial: Trial, world: TrialWorld): Promise<TrialResult> {
  const { board, now, signal } = world;
  const { point, mode, service } = trial;
  const target = `${service}-${VICTIM}`;
  const startMs = now();
  let firedMs: number | null = null;
  const fired = new Promise<void>((resolve) => {
    board.set(target, { point: point.name, mode }, () => {
      firedMs = now();
      resolve();
    });
  });
  const end = new AbortController();
  const stage = Promise.resolve(stages[point.stage](trial, world, AbortSignal.any([signal, end.signal]))).catch(() => undefined);
  try {
    // A stop or a start passes by its points once.
    const passed = point.stage === 'load' ? [] : [stage.then(() => sleep(AFTERWARDS_MS))];
    await Promise.race([fired, sleep(REACHED_WITHIN_MS, undefined, { signal }), ...passed]);
    end.abort();
    board.clear(target);
    if (firedMs !== null && mode.startsWith('pause')) {
      await resume(trial, world);
    }
    if (firedMs !== null && mode.startsWith('kill')) {
      await until(() => board.pidOf(target) === undefined, { timeoutMs: 10_000, what: `the end of ${target}` });
    }
    await stage;
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

/** How the platform is led to the point; each resolves when it has no more to do, at the latest after the abort. */
const stages = {
  load: async ({ service }: Trial, { traffic }: TrialWorld, signal: AbortSignal): Promise<void> => {
    while (!signal.aborted) {
      traffic.nudge(service);
      await sleep(NUDGE_MS, undefined, { signal }).catch(() => undefined);
    }
  },
  stop: ({ service }: Trial, { board }: TrialWorld): Promise<void> => stopInOrder(board, `${service}-${VICTIM}`),
  start: ({ service }: Trial, { platform }: TrialWorld): Promise<void> => platform.process(service, VICTIM).killAndRestart(),
};

async function resume({ service }: Trial, { board, signal }: TrialWorld): Promise<void> {
  const pid = board.pidOf(`${service}-${VICTIM}`);
  await sleep(PAUSE_MS, undefined, { signal });
  if (pid !== undefined) {
    process.kill(pid, 'SIGCONT');
  }
}

/** Ready, whether it never went down, or has to be started. */
async function runsAgain({ service }: Trial, { platform, board }: TrialWorld): Promise<void> {
  const [url] = platform.urlsOf(service).slice(VICTIM - 1);
  await until(
    async () => {
      if (board.pidOf(`${service}-${VICTIM}`) === undefined) {
        await platform.process(service, VICTIM).start();
      }
      const { status } = await fetch(`${url}/health/ready`, { signal: AbortSignal.timeout(2_000) });
      return status === 200;
    },
    { timeoutMs: RUNS_AGAIN_WITHIN_MS, intervalMs: 100, what: `${service}-${VICTIM} to be ready again` },
  );
}
