import { execFileSync } from 'node:child_process';
import { availableParallelism } from 'node:os';
import { setTimeout as sleep } from 'node:timers/promises';
import { type Service, services } from '@waybill/contracts';
import type { EnvironmentOf } from '@waybill/local';
import { until } from '@waybill/testing';
import { Platform } from '../../platform.js';
import { check } from '../check/check.js';
import type { Verdict } from '../check/verdict.js';
import { collect } from '../collect.js';
import { installLedger } from '../ledger.js';
import { PlatformWatch } from '../platform-watch.js';
import { untilQuiet, wordsOf } from '../quiet.js';
import type { ClientRequest, FaultSpan, RunRecord } from '../record.js';
import { ConnectionBalancer } from './connection-balancer.js';
import { openLoopLoad, type OpenLoopResult } from './load.js';
import { RollingProxy } from './proxy.js';
import type { LeftOut } from './steps.js';

export interface RollingOptions {
  /** In each round, at least; as many as the restarts last for, if that is more. */
  readonly requests: number;
  /** How often every instance of every service is restarted. */
  readonly rounds: number;
  readonly perSecond: number;
  /** The controls: in each of them the instances of orders are restarted, with one step left out. */
  readonly leaveOut: readonly LeftOut[];
  readonly say: (line: string) => void;
  /** Ends the run early: what was started is stopped. */
  readonly signal: AbortSignal;
}

/** One instance that was told to stop. */
export interface Stop {
  readonly instance: string;
  /** The exit code, or the signal that ended it. */
  readonly exit: number | NodeJS.Signals | null;
  readonly ms: number;
}

export interface RollingResult {
  /** Absent: the stop as it is. */
  readonly leftOut: LeftOut | undefined;
  readonly load: OpenLoopResult;
  readonly stops: readonly Stop[];
  /** From its first change to its last, of the slowest order that was accepted; null when they did not come to rest. */
  readonly slowestOrderMs: number | null;
  readonly seconds: number;
}

export interface RollingOutcome {
  readonly results: readonly RollingResult[];
  /** Of everything that happened, the controls included: whatever is left out, no effect may be lost or doubled. */
  readonly verdicts: readonly Verdict[];
  readonly record: RunRecord;
}

const HEALTH_EVERY_MS = 500;
/** Two looks of the balancers, and a second: each connection that clients keep is used in it, and closed with an answer. */
const DRAIN_MS = 2_000;
/** From a client to the balancer of connections and back it takes twice as long: that of a client in the same country. */
const CLIENT_DELAY_MS = 20;
const QUIET_BOUND_MS = 60_000;
/** Clients are there before the first restart, as they are in life. */
const BEFORE_MS = 2_000;
const SKU = 'ROLLING-1';
const STOCK = 1_000_000;

/** Restarts every instance of every service in turn under load, as it is and with each step of the stop left out. */
export async function runRolling(options: RollingOptions): Promise<RollingOutcome> {
  // What is started is what will be stopped next.
  const next: { leftOut: LeftOut | undefined } = { leftOut: options.rounds > 0 ? undefined : options.leaveOut[0] };
  const envOf: EnvironmentOf = ({ name }) => (name === 'orders' && next.leftOut !== undefined ? environmentOf(next.leftOut) : {});
  const platform = await Platform.start({ instances: 2, quiet: true, envOf, env: { SHUTDOWN_DRAIN_MS: String(DRAIN_MS) } });
  try {
    const { adminUrl } = platform.postgres;
    if (adminUrl === undefined) {
      throw new Error('the proof puts triggers into the databases: it needs a Postgres that the stack has started');
    }
    await platform.customer.setStock(SKU, STOCK);
    await installLedger(adminUrl);
    options.signal.throwIfAborted();
    const watch = new PlatformWatch(() => adminUrl, () => platform.brokers);
    const doors = await Doors.open(platform);
    try {
      const run = new RollingRun(platform, watch, doors, options);
      for (let round = 1; round <= options.rounds; round++) {
        const mode = options.rounds === 1 ? 'as it is' : `as it is, round ${round}`;
        await run.restart(mode, undefined, () => (next.leftOut = round === options.rounds ? options.leaveOut[0] : undefined));
      }
      for (const [at, leftOut] of options.leaveOut.entries()) {
        await run.restart(`without ${leftOut.name}`, leftOut, () => (next.leftOut = options.leaveOut[at + 1]));
      }
      return await run.outcome();
    } finally {
      await Promise.all([doors.close(), watch.close()]);
    }
  } finally {
    await platform.stop();
  }
}

/** How clients come in: a proxy before each service, and a balancer of connections before orders. */
class Doors {
  private constructor(
    readonly proxies: Readonly<Record<Service, RollingProxy>>,
    readonly connections: ConnectionBalancer,
  ) {}

  static async open(platform: Platform): Promise<Doors> {
    const instancesOf = (service: Service) => platform.urlsOf(service).map((url, index) => ({ name: nameOf(service, index + 1), url }));
    const proxy = (service: Service) => RollingProxy.listen({ instances: instancesOf(service), healthEveryMs: HEALTH_EVERY_MS });
    const [orders, inventory, shipping, connections] = await Promise.all([
      proxy('orders'),
      proxy('inventory'),
      proxy('shipping'),
      ConnectionBalancer.listen({ instances: instancesOf('orders'), healthEveryMs: HEALTH_EVERY_MS, delayMs: CLIENT_DELAY_MS }),
    ]);
    return new Doors({ orders, inventory, shipping }, connections);
  }

  async close(): Promise<void> {
    await Promise.all([...Object.values(this.proxies).map((proxy) => proxy.close()), this.connections.close()]);
  }
}

class RollingRun {
  private readonly origin = performance.now();
  private readonly startedAt = Date.now();
  private readonly results: RollingResult[] = [];
  private readonly commands: ClientRequest[] = [];
  private readonly faults: FaultSpan[] = [];
  private quietMs: number | null = null;
  private loadEndedMs = 0;

  constructor(
    private readonly platform: Platform,
    private readonly watch: PlatformWatch,
    private readonly doors: Doors,
    private readonly options: RollingOptions,
  ) {}

  /** Under load: what runs is stopped and what is wanted next started in its place. */
  async restart(mode: string, leftOut: LeftOut | undefined, prepareNext: () => void): Promise<void> {
    const { requests, perSecond, signal, say } = this.options;
    prepareNext();
    const began = performance.now();
    const rolled = new AbortController();
    const running = openLoopLoad({
      url: this.doors.proxies.orders.url,
      inventoryUrl: this.doors.proxies.inventory.url,
      shippingUrl: this.doors.proxies.shipping.url,
      connectionsUrl: this.doors.connections.url,
      perSecond,
      requests: leftOut === undefined ? requests : 0,
      signal: rolled.signal,
      sku: SKU,
      run: `rolling-${this.startedAt}-${this.results.length}`,
      now: this.now,
    });
    const stops: Stop[] = [];
    const rolledServices: readonly Service[] = leftOut === undefined ? services : ['orders'];
    let load: OpenLoopResult;
    try {
      await sleep(BEFORE_MS, undefined, { signal });
      for (const service of rolledServices) {
        for (const instance of this.platform.instancesOf(service)) {
          signal.throwIfAborted();
          const startMs = this.now();
          const stop = await this.replace(service, instance);
          stops.push(stop);
          if (leftOut === undefined) {
            const detail = 'stopped in order and started again (SIGTERM)';
            this.faults.push({ kind: 'rolling', target: stop.instance, detail, startMs, endMs: this.now(), recoveredMs: null });
          }
          say(`${mode}: ${stop.instance} ended with ${stop.exit} after ${(stop.ms / 1_000).toFixed(2)} s and was started again`);
        }
      }
    } finally {
      rolled.abort();
      load = await running;
    }
    this.loadEndedMs = this.now();
    this.commands.push(...load.commands);
    const { quietMs, standing } = await untilQuiet(this.watch, { boundMs: QUIET_BOUND_MS, now: this.now, signal });
    this.quietMs = quietMs;
    if (quietMs === null) {
      say(`${mode}: not quiet within ${QUIET_BOUND_MS / 1_000} s${standing === undefined ? '' : `: ${wordsOf(standing)}`}`);
    }
    const slowestOrderMs = quietMs === null ? null : await this.slowestOf(load.accepted);
    this.results.push({ leftOut, load, stops, slowestOrderMs, seconds: (performance.now() - began) / 1_000 });
    const failed = load.failures.map(({ kind, count, example }) => `${count} ${kind} (${example})`).join('; ');
    say(`${mode}: ${load.sent} requests, ${failed === '' ? 'none failed' : failed}`);
  }

  async outcome(): Promise<RollingOutcome> {
    const collected = await collect(this.platform, this.watch);
    const record: RunRecord = {
      run: {
        seed: 0,
        startedAt: this.startedAt,
        instances: 2,
        faultKinds: ['rolling'],
        exhibit: null,
        ordersWanted: this.commands.length,
        loadEndedMs: this.loadEndedMs,
        healedMs: this.loadEndedMs,
        quietMs: this.quietMs,
        quietBoundMs: QUIET_BOUND_MS,
        initialStock: { [SKU]: STOCK },
        platform: { node: process.version, cpus: availableParallelism(), commit: commit() },
      },
      requests: [...this.commands].sort((one, other) => one.startMs - other.startMs),
      faults: this.faults,
      samples: [],
      ...collected,
    };
    return { results: this.results, verdicts: check(record), record };
  }

  private readonly now = (): number => performance.now() - this.origin;

  private async replace(service: Service, instance: number): Promise<Stop> {
    const process = this.platform.process(service, instance);
    const began = performance.now();
    const exit = await process.stop();
    const ms = performance.now() - began;
    await process.start();
    const name = nameOf(service, instance);
    // As a deployment does: the next one goes when this one gets work again.
    const { proxies, connections } = this.doors;
    const doors = service === 'orders' ? [proxies.orders, connections] : [proxies[service]];
    // Both ways in: one that has not looked yet would know of no instance at all as soon as the next one goes.
    await until(() => doors.every((door) => door.isReady(name)), { timeoutMs: 30_000, what: `every way in to send to ${name}` });
    return { instance: name, exit, ms };
  }

  private async slowestOf(orderIds: readonly string[]): Promise<number> {
    const [row] = await this.watch.query<{ ms: number | null }>(
      'orders',
      `SELECT max(took)::float8 AS ms FROM (SELECT extract(epoch FROM max(at) - min(at)) * 1000 AS took
         FROM prove.changes WHERE table_name = 'orders' AND id = ANY ($1) GROUP BY id) orders`,
      [orderIds],
    );
    return row?.ms ?? 0;
  }
}

function nameOf(service: Service, instance: number): string {
  return `${service}-${instance}`;
}

function environmentOf({ name }: LeftOut): Record<string, string> {
  return { NODE_OPTIONS: `--import ${preload()}`, ROLLING_LEFT_OUT: name };
}

/** Of the build: a service's process reads no TypeScript. */
function preload(): string {
  return new URL('./install.js', import.meta.url).href.replace('/e2e/src/', '/e2e/dist/');
}

/** Null outside of a clone. */
function commit(): string | null {
  try {
    return execFileSync('git', ['rev-parse', '--short', 'HEAD'], { encoding: 'utf8', stdio: ['ignore', 'pipe', 'ignore'] }).trim();
  } catch {
    return null;
  }
}
