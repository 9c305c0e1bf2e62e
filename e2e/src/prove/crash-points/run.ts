import { mkdtemp, rm } from 'node:fs/promises';
import { availableParallelism, tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { services } from '@waybill/contracts';
import { Platform } from '../../platform.js';
import { check } from '../check/check.js';
import { collect } from '../collect.js';
import { installLedger } from '../ledger.js';
import { PlatformWatch } from '../platform-watch.js';
import { untilQuiet, wordsOf } from '../quiet.js';
import type { RunRecord } from '../record.js';
import { replayEverything, stateHashes } from '../replay.js';
import { missingParts } from './coverage.js';
import { type CrashPointOutcome, judge, type Late } from './outcome.js';
import { lineOf } from './outcome-text.js';
import { unsettled } from './settled-orders.js';
import { survey } from './survey.js';
import { Switchboard } from './switchboard.js';
import { RUBBISH_KEY, Traffic } from './traffic.js';
import { type Trial, type TrialKind, trialKinds, type TrialResult, trialsOf } from './trial.js';
import { runTrial, type TrialWorld, VICTIM } from './trial-run.js';
import { makeWeakSpots } from './weak-spots.js';
import { SOCKET_VARIABLE } from './wire.js';

export interface CrashPointOptions {
  /** Only list the points. */
  readonly list?: boolean;
  /** Only points whose name contains this. */
  readonly only?: string;
  readonly kinds?: readonly TrialKind[];
  /** Leave the folder of data and logs where it is, and say where. */
  readonly keep?: boolean;
  readonly say?: (line: string) => void;
  readonly signal?: AbortSignal;
}

/** How long after its end the orders of a trial's time may be open. */
const ORDERS_END_WITHIN_MS = 60_000;
const QUIET_BOUND_MS = 120_000;
const REPLAY_BOUND_MS = 60_000;
/** Orders of a trial are those that were placed from a little before it. */
const BEFORE_MS = 2_000;

/** Small enough that a run need not wait for what a production waits for. */
const environment = {
  SHUTDOWN_DRAIN_MS: '100',
  CARRIER_TIMEOUT_MS: '1000',
  CARRIER_RETRY_MAX_MS: '1000',
  INBOX_ATTEMPTS_MAX: '6',
};

/** Finds every call that the services make through their ports, and does everything bad to each in turn. */
export async function runCrashPoints(options: CrashPointOptions = {}): Promise<CrashPointOutcome> {
  const folder = await mkdtemp(join(tmpdir(), 'waybill-points-'));
  const socket = join(folder, 'socket');
  const board = await Switchboard.listen(socket);
  try {
    const platform = await Platform.start({
      instances: 2,
      env: { ...environment, NODE_OPTIONS: `--import ${preload()}`, [SOCKET_VARIABLE]: socket },
    });
    try {
      return await prove(platform, board, options);
    } finally {
      resumeAll(board);
      await platform.stop(options);
      if (options.keep) {
        options.say?.(`data and logs are in ${platform.home}`);
      }
    }
  } finally {
    await board.close();
    await rm(folder, { recursive: true, force: true });
  }
}

/** Of the build: a service's process reads no TypeScript. */
function preload(): string {
  return new URL('./install.js', import.meta.url).href.replace('/e2e/src/', '/e2e/dist/');
}

async function prove(platform: Platform, board: Switchboard, options: CrashPointOptions): Promise<CrashPointOutcome> {
  const { only = '', kinds = trialKinds } = options;
  const signal = options.signal ?? new AbortController().signal;
  const startedAt = Date.now();
  const origin = performance.now();
  const now = () => performance.now() - origin;
  const say = (line: string) => options.say?.(`${(now() / 1_000).toFixed(1).padStart(6)} s  ${line}`);
  const adminUrl = platform.postgres.adminUrl ?? '';
  const watch = new PlatformWatch(() => adminUrl, () => platform.brokers);
  const traffic = new Traffic(platform, watch, now);
  try {
    for (const [sku, onHand] of Object.entries(Traffic.initialStock)) {
      await platform.customer.setStock(sku, onHand);
    }
    await installLedger(adminUrl);
    await makeWeakSpots(adminUrl);
    traffic.start();
    say('looking for the points');
    const points = await survey(platform, board, traffic);
    const wanted = points.filter(({ name }) => name.includes(only));
    say(`${points.length} points${wanted.length === points.length ? '' : `, ${wanted.length} of them wanted`}`);
    const missing = missingParts(points.map(({ name }) => name));
    if (missing.length > 0) {
      throw new Error(`the survey found no point of: ${missing.join(', ')}.`);
    }
    if (options.list) {
      await traffic.stop();
      return { points: wanted, trials: [], survived: [], failures: [], verdicts: [] };
    }
    const world: TrialWorld = { platform, board, traffic, now, signal };
    const late: Late[] = [];
    const trials = await runLanes(trialsOf(wanted, kinds), world, { watch, late, say });
    await traffic.stop();
    const healedMs = now();
    say('every trial is over; waiting until all is quiet');
    const { quietMs, standing } = await untilQuiet(watch, { boundMs: QUIET_BOUND_MS, now, signal, say });
    signal.throwIfAborted();
    say(`${quietMs === null ? 'not quiet in time' : 'quiet'}${standing === undefined ? '' : `: ${wordsOf(standing)}`}`);
    const before = await stateHashes(watch);
    await replayEverything(platform);
    await untilQuiet(watch, { boundMs: REPLAY_BOUND_MS, now, signal });
    const after = await stateHashes(watch);
    const collected = await collect(platform, watch);
    const replayed = services.map((service) => [service, { before: before[service], after: after[service] }] as const);
    const record: RunRecord = {
      run: {
        seed: 0,
        startedAt,
        instances: 2,
        faultKinds: kinds,
        exhibit: null,
        ordersWanted: traffic.placed.length,
        loadEndedMs: healedMs,
        healedMs,
        quietMs,
        quietBoundMs: QUIET_BOUND_MS,
        initialStock: Traffic.initialStock,
        platform: { node: process.version, cpus: availableParallelism(), commit: null },
      },
      requests: [...traffic.requests].sort((a, b) => a.startMs - b.startMs),
      faults: trials.flatMap(faultOf),
      samples: [],
      planted: collected.records.filter(({ id, key }) => id === null && key.startsWith(RUBBISH_KEY)),
      replay: Object.fromEntries(replayed) as NonNullable<RunRecord['replay']>,
      ...collected,
    };
    return { points, trials, record, verdicts: check(record), ...judge(wanted, trials, late) };
  } finally {
    await traffic.stop().catch(() => undefined);
    await watch.close();
  }
}

/** The services' trials at the same time, those of one service one after another. */
async function runLanes(
  lanes: ReadonlyMap<string, readonly Trial[]>,
  world: TrialWorld,
  { watch, late, say }: { readonly watch: PlatformWatch; readonly late: Late[]; readonly say: (line: string) => void },
): Promise<TrialResult[]> {
  const results: TrialResult[] = [];
  const total = [...lanes.values()].flat().length;
  const looks: Promise<void>[] = [];
  await Promise.all(
    [...lanes.values()].map(async (lane) => {
      for (const trial of lane) {
        world.signal.throwIfAborted();
        const result = await runTrial(trial, world);
        results.push(result);
        say(`${`${results.length}/${total}`.padStart(7)}  ${lineOf(result)}`);
        looks.push(lookAfter(result, world, watch).then((found) => void (found.orders.length > 0 && late.push(found))));
      }
    }),
  );
  await Promise.all(looks);
  return results;
}

/** Waits until the orders of the trial's time have ended, at the most as long as they may take. */
async function lookAfter(trial: TrialResult, { traffic, now, signal }: TrialWorld, watch: PlatformWatch): Promise<Late> {
  let orders = traffic.placed.filter(({ atMs }) => atMs >= trial.startMs - BEFORE_MS && atMs <= trial.endMs);
  while (orders.length > 0 && now() < trial.endMs + ORDERS_END_WITHIN_MS && !signal.aborted) {
    await sleep(LOOK_MS, undefined, { signal }).catch(() => undefined);
    orders = [...(await unsettled(watch, orders).catch(() => orders))];
  }
  return { trial, orders: orders.map(({ id, scenario }) => `${id} (${scenario})`) };
}

const LOOK_MS = 3_000;

function faultOf({ point, mode, service, firedMs, endMs }: TrialResult): RunRecord['faults'] {
  return firedMs === null
    ? []
    : [{ kind: 'crash point', target: `${service}-${VICTIM}`, detail: `${mode}: ${point.name}`, startMs: firedMs, endMs, recoveredMs: null }];
}

/** A stopped process cannot be told to stop. */
function resumeAll(board: Switchboard): void {
  for (const service of services) {
    const pid = board.pidOf(`${service}-${VICTIM}`);
    if (pid !== undefined) {
      process.kill(pid, 'SIGCONT');
    }
  }
}
