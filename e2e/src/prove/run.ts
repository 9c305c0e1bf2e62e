import { execFileSync } from 'node:child_process';
import { availableParallelism } from 'node:os';
import { services } from '@waybill/contracts';
import type { EnvironmentOf } from '@waybill/local';
import { Platform } from '../platform.js';
import { Balancer } from './balancer.js';
import { collect } from './collect.js';
import { runFaults } from './fault-run.js';
import { installLedger } from './ledger.js';
import { OrderLoad } from './load.js';
import { PlatformNetwork } from './network.js';
import { type FaultKind, planFaults } from './plan.js';
import { PlatformWatch } from './platform-watch.js';
import { untilQuiet, wordsOf } from './quiet.js';
import type { FaultSpan, RunRecord } from './record.js';
import { withRecovery } from './recovery.js';
import { replayEverything, stateHashes } from './replay.js';
import { Sampler } from './sampler.js';
import { initialStock, wishesOf } from './wishes.js';

export interface ProofOptions {
  readonly seed: number;
  readonly orders: number;
  /** How long orders come in; absent: as long as ORDERS_PER_SECOND asks for. */
  readonly durationMs?: number;
  readonly faults: readonly FaultKind[];
  /** Of each service; 2. */
  readonly instances?: number;
  /** How long after healing the platform may take to come to rest; 120 s. */
  readonly quietBoundMs?: number;
  /** Have every consumer read every topic again at the end; true. */
  readonly replay?: boolean;
  /** A wrong design in the place of ours; see museum/exhibits.ts. */
  readonly exhibit?: string;
  /** Leave the folder of data and logs where it is, and say where. */
  readonly keep?: boolean;
  /** Asked at each start of a service's process, for what is laid over its environment. */
  readonly envOf?: EnvironmentOf;
  readonly say?: (line: string) => void;
  /** Ends the run early: what was started is stopped. */
  readonly signal?: AbortSignal;
}

/** What two cores carry with everything at work, and room to catch up. */
const ORDERS_PER_SECOND = 35;
const SHORTEST_MS = 30_000;
const QUIET_BOUND_MS = 120_000;
const REPLAY_BOUND_MS = 60_000;
const TELL_MS = 5_000;
/** Longer than the balancer takes to notice that an instance is no longer ready. */
const DRAIN_MS = '1500';

/** Runs the platform under a load and a plan of faults, waits until it has come to rest, and collects what happened. */
export async function runProof(options: ProofOptions): Promise<RunRecord> {
  const network = options.faults.includes('network') ? await PlatformNetwork.open() : undefined;
  try {
    const platform = await Platform.start({ ...stackOptions(options, network), quiet: true });
    try {
      return await prove(platform, network, options);
    } finally {
      await platform.stop(options);
      if (options.keep) {
        options.say?.(`data and logs are in ${platform.home}`);
      }
    }
  } finally {
    await network?.close();
  }
}

async function prove(platform: Platform, network: PlatformNetwork | undefined, options: ProofOptions): Promise<RunRecord> {
  const { seed, orders, faults, instances = 2, quietBoundMs = QUIET_BOUND_MS, replay: replays = true } = options;
  const say = options.say ?? (() => undefined);
  const signal = options.signal ?? new AbortController().signal;
  const durationMs = options.durationMs ?? Math.max(SHORTEST_MS, (orders / ORDERS_PER_SECOND) * 1_000);
  const watch = new PlatformWatch(() => adminUrlOf(platform), () => platform.brokers);
  try {
    const stock = initialStock(orders);
    await Promise.all(Object.entries(stock).map(([sku, onHand]) => platform.customer.setStock(sku, onHand)));
    await installLedger(adminUrlOf(platform));

    // Told to stop while the platform started: no listener would hear of it again.
    signal.throwIfAborted();
    const startedAt = Date.now();
    const origin = performance.now();
    const now = () => performance.now() - origin;
    const doors = platform.urlsOf('orders').map((url, index) => ({ name: `orders-${index + 1}`, url }));
    const balancer = new Balancer(doors);
    const load = new OrderLoad({
      wishes: wishesOf(seed, orders),
      instances: doors,
      isReady: balancer.isReady,
      durationMs,
      now,
      run: `prove-${seed}-${startedAt}`,
    });
    const sampler = new Sampler(watch, load, now);
    const planted: NonNullable<RunRecord['planted']>[number][] = [];
    const seconds = () => `${(now() / 1_000).toFixed(1).padStart(6)} s`;
    signal.addEventListener('abort', () => load.stop(), { once: true });
    sampler.start();
    balancer.start();
    const teller = setInterval(() => say(`${seconds()}  ${progressOf(sampler, load)}`), TELL_MS);
    let spans: FaultSpan[];
    let loadEndedMs: number;
    try {
      const customers = load.run().then(() => now());
      spans = await runFaults({
        plan: planFaults(seed, { kinds: faults, durationMs }),
        world: { platform, network, watch, instances, planted },
        sampler,
        now,
        endMs: durationMs,
        signal,
        say: (line) => say(`${seconds()}  ${line}`),
      });
      loadEndedMs = await customers;
    } finally {
      load.stop();
      clearInterval(teller);
      await balancer.stop();
    }
    const healedMs = now();
    const { quietMs, standing } = await untilQuiet(watch, { boundMs: quietBoundMs, now, signal, say: (line) => say(`${seconds()}  ${line}`) });
    await sampler.stop();
    signal.throwIfAborted();
    say(`${seconds()}  ${quietMs === null ? `not quiet within ${quietBoundMs / 1_000} s` : 'quiet'}${standing === undefined ? '' : `: ${wordsOf(standing)}`}`);

    say(`${seconds()}  collecting`);
    // Before the replay: what was lost would be made good by it, and then nothing would be missing.
    const collected = await collect(platform, watch);
    const replay = quietMs === null || !replays ? undefined : await proveReplay(platform, watch, { now, signal, say });
    return {
      run: {
        seed,
        startedAt,
        instances,
        faultKinds: faults,
        exhibit: options.exhibit ?? null,
        ordersWanted: orders,
        ...(options.durationMs !== undefined && { durationMs: options.durationMs }),
        loadEndedMs,
        healedMs,
        quietMs,
        quietBoundMs,
        initialStock: stock,
        platform: { node: process.version, cpus: availableParallelism(), commit: commit() },
      },
      requests: [...load.requests].sort((one, other) => one.startMs - other.startMs),
      faults: withRecovery(spans, sampler.samples),
      samples: sampler.samples,
      planted,
      ...(replay && { replay }),
      ...collected,
    };
  } finally {
    await watch.close();
  }
}

async function proveReplay(
  platform: Platform,
  watch: PlatformWatch,
  { now, signal, say }: { readonly now: () => number; readonly signal: AbortSignal; readonly say: (line: string) => void },
): Promise<RunRecord['replay']> {
  say('         every topic is read again, by every consumer');
  const before = await stateHashes(watch);
  await replayEverything(platform);
  await untilQuiet(watch, { boundMs: REPLAY_BOUND_MS, now, signal });
  const after = await stateHashes(watch);
  const pairs = services.map((service) => [service, { before: before[service], after: after[service] }] as const);
  return Object.fromEntries(pairs) as RunRecord['replay'];
}

function stackOptions({ instances = 2, exhibit, envOf }: ProofOptions, network: PlatformNetwork | undefined) {
  const environment: EnvironmentOf = async (slot, env) => ({
    ...(await network?.envOf(slot, env)),
    ...(await envOf?.(slot, env)),
  });
  return {
    instances,
    ...(network && { kafkaProxyPort: network.stackOptions.kafkaProxyPort }),
    envOf: environment,
    env: {
      SHUTDOWN_DRAIN_MS: DRAIN_MS,
      ...(exhibit !== undefined && { NODE_OPTIONS: `--import ${preloadOf('./museum/install.js')}`, PROVE_EXHIBIT: exhibit }),
    },
  };
}

/** Of the build: a service's process reads no TypeScript. */
function preloadOf(path: string): string {
  return new URL(path, import.meta.url).href.replace('/e2e/src/', '/e2e/dist/');
}

function adminUrlOf({ postgres }: Platform): string {
  if (postgres.adminUrl === undefined) {
    throw new Error('the prover puts triggers into the databases: it needs a Postgres that the stack has started');
  }
  return postgres.adminUrl;
}

function progressOf(sampler: Sampler, load: OrderLoad): string {
  const last = sampler.samples.at(-1);
  return `${load.accepted} orders accepted, ${last?.ended ?? 0} ended, ${last?.outboxRows ?? '?'} rows to send, ${last?.lag ?? '?'} records unread, ${load.unknown} answers lost`;
}

/** Null outside of a clone. */
function commit(): string | null {
  try {
    return execFileSync('git', ['rev-parse', '--short', 'HEAD'], { encoding: 'utf8', stdio: ['ignore', 'pipe', 'ignore'] }).trim();
  } catch {
    return null;
  }
}
