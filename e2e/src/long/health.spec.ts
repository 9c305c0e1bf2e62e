import { execFileSync } from 'node:child_process';
import { setTimeout as sleep } from 'node:timers/promises';
import { type Probes, until } from '@waybill/testing';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { OrderLoad, outcomeOf } from '../order-load.js';
import { askOften, timesText } from '../probe-load.js';
import { ProbedPlatform, quickProbes } from '../probed-platform.js';
import { ProbedService, type ProbedServiceOptions } from '../probed-service.js';
import type { PathologyName } from '../prove/pathologies/pathologies.js';

/*
 * Real services in the hands of a simulated kubelet, with real Kafka and Postgres behind them. What is beyond mending is
 * restarted, and soon; what waits, works for long, or has lost its infrastructure is not.
 */

const PERIOD_MS = 2_000;
const SLOW_START_MS = 20_000;
/** Of what a loop may take here; longer than every time-out that a dead server leads to. A hanging one leads to longer ones. */
const STUCK_MS = 9_000;
/** A probe takes up to its time-out, and this machine has other things to do, too. */
const SLACK_MS = 2_000;

const illness: Readonly<Record<'orders' | 'inventory' | 'shipping' | 'carrier', PathologyName>> = {
  orders: 'dead-relay',
  inventory: 'lost-promise',
  shipping: 'lost-membership',
  carrier: 'blocked-loop',
};

let probed: ProbedPlatform;
/** Two more carriers that take long to start: with a startup probe, and with what many have instead of one. */
let slow: { readonly held: ProbedService; readonly unheld: ProbedService };
/** One more instance of orders, with the bounds that every service has unless told otherwise. */
let patient: ProbedService;
const lines = new Map<string, string[]>();

beforeAll(async () => {
  probed = await ProbedPlatform.start({}, (name) => ({
    pathology: illness[name],
    onLine: (line) => void lines.set(name, [...(lines.get(name) ?? []), line]),
    env: {
      HEALTH_STUCK_MS: String(STUCK_MS),
      HEALTH_STALL_MS: '2000',
      // What a lost promise holds up must not hold up the stop for long.
      SHUTDOWN_TIMEOUT_MS: '2000',
      HEALTH_DETAIL_TOKEN: 'sesame',
    },
  }));
  const { liveness, readiness } = quickProbes;
  slow = { held: slowCarrier(8, quickProbes), unheld: slowCarrier(9, { liveness, readiness }) };
  patient = another('orders', 8, { HEALTH_STUCK_MS: '', HEALTH_STALL_MS: '' }, { probes: quickProbes });
  [slow.held, slow.unheld, patient].forEach((service) => service.start());
  await until(() => probed.ready, { timeoutMs: 60_000, what: 'all services to be ready' });
});

afterAll(async () => {
  await Promise.all([slow.held, slow.unheld, patient].map((service) => service.stop()));
  await probed.stop();
});

function slowCarrier(instance: number, probes: Probes): ProbedService {
  return another('carrier', instance, { CARRIER_DATA_FILE: '' }, { probes, slowStartMs: SLOW_START_MS });
}

function another(
  name: 'orders' | 'carrier',
  instance: number,
  env: NodeJS.ProcessEnv,
  rest: Pick<ProbedServiceOptions, 'probes' | 'slowStartMs'>,
): ProbedService {
  const url = new URL(probed.service(name).url);
  url.port = String(Number(url.port) + 100 * (instance - 1));
  return new ProbedService({ ...rest, name, url: url.origin, env: { ...probed.envs.get(`${name}-1`), WAYBILL_INSTANCE: String(instance), ...env } });
}

/** From now until the simulated kubelet has given the process up. */
async function doomed(service: ProbedService, boundMs: number): Promise<number> {
  const from = performance.now();
  const dooms = () => service.simulator.events.filter(({ kind }) => kind === 'doomed').length;
  const before = dooms();
  await until(() => dooms() > before, { timeoutMs: boundMs + 10 * PERIOD_MS, what: `${service.name} to be given up` });
  return performance.now() - from;
}

async function restarted(service: ProbedService): Promise<void> {
  await until(() => service.simulator.restarts === 1 && service.simulator.ready, { timeoutMs: 60_000, what: `${service.name} to be ready again` });
}

describe('the four pathologies', () => {
  it('are each found within three periods of their bound, the process is restarted, and what it held goes on', async () => {
    const { customer } = probed.platform;
    await customer.setStock('ILL-1', 100);
    const inventory = probed.service('inventory');
    inventory.fallIll();
    // The promise is lost in the effect of this one.
    const held = await customer.placed([{ sku: 'ILL-1', quantity: 1 }]);
    const foundMs = Object.fromEntries(
      await Promise.all(
        probed.services.map(async (service): Promise<[string, number]> => {
          if (service !== inventory) {
            service.fallIll();
          }
          const boundMs = service.name === 'carrier' ? 0 : STUCK_MS;
          return [illnessOf(service), (await doomed(service, boundMs)) - boundMs];
        }),
      ),
    );
    for (const [name, ms] of Object.entries(foundMs)) {
      console.log(`${name}: found ${(ms / 1_000).toFixed(1)} s after its bound, of ${(3 * PERIOD_MS) / 1_000} s`);
      expect(ms, probed.history()).toBeLessThan(3 * PERIOD_MS + SLACK_MS);
    }
    await Promise.all(probed.services.map(restarted));
    expect((await customer.ended(held.id)).status).toBe('SHIPPED');
    expect(linesOf('orders', 'relay is stuck')).toHaveLength(1);
    expect(linesOf('inventory', 'consumer is stuck')).toHaveLength(1);
    expect(linesOf('shipping', 'consumer is stuck')).toHaveLength(1);
    // Written by the watchman while nothing else could run.
    expect(linesOf('carrier', 'the event loop is blocked').length).toBeGreaterThan(0);
  }, 120_000);
});

function illnessOf({ name }: ProbedService): string {
  return name in illness ? illness[name as keyof typeof illness] : '';
}

function linesOf(name: string, text: string): string[] {
  return (lines.get(name) ?? []).filter((line) => line.includes(text));
}

describe('a start that takes 20 s', () => {
  it('is held by the startup probe, and never survived without one', async () => {
    await until(() => slow.held.simulator.ready, { timeoutMs: 2 * SLOW_START_MS });
    expect(slow.held.simulator.restarts).toBe(0);
    expect(slow.unheld.simulator.restarts).toBeGreaterThan(0);
    expect(slow.unheld.simulator.events.some(({ kind }) => kind === 'ready')).toBe(false);
  });
});

describe('no process is restarted', () => {
  let before = 0;
  const restarts = () => probed.restarts - before;

  it('for being idle, nor for a hundred probes a second, which open no connection', async () => {
    before = probed.restarts;
    const connections = await databaseConnections();
    const { url } = probed.service('orders');
    const times = await askOften(`${url}/health/ready`, { perSecond: 100, ms: STUCK_MS + PERIOD_MS });
    console.log(`100 probes a second: ${timesText(times)}`);
    expect(times.failed).toBe(0);
    // The pool lends a second or third one when two workers happen to come together.
    expect(await databaseConnections()).toBeLessThanOrEqual(connections + 3);
    expect(restarts(), probed.history()).toBe(0);
  });

  it('for a backlog, nor for Kafka being away, and then Postgres, too', async () => {
    const { customer, kafka, postgres } = probed.platform;
    const { url, simulator: orders } = probed.service('orders');
    await customer.setStock('BACKLOG-1', 10_000);
    await kafka.kill();
    // Orders are accepted meanwhile.
    const ordering = new OrderLoad(probed.platform, 'BACKLOG-1');
    await until(async () => {
      const ready = await fetch(`${url}/health/ready`);
      const { degraded } = (await ready.json()) as { degraded?: readonly string[] };
      return ready.status === 200 && degraded?.includes('kafka');
    });
    const ids = await ordering.stop();
    expect(ids.length).toBeGreaterThan(0);
    await postgres.kill();
    await withinTwoPeriods(() => !orders.ready, 'to be taken out');
    expect((await fetch(`${url}/health/live`)).status).toBe(200);
    await sleep(STUCK_MS);
    await postgres.start();
    await withinTwoPeriods(() => orders.ready, 'to be let in again');
    await kafka.start();
    const { ended } = await outcomeOf(probed.platform, 'BACKLOG-1', ids);
    expect(ended).toEqual({ SHIPPED: ids.length });
    expect(restarts(), probed.history()).toBe(0);
  }, 120_000);

  it('for Postgres hanging: the probes leak no connection', async () => {
    const { postgres } = probed.platform;
    await until(() => patient.simulator.ready);
    const tree = treeOf(postgres.pid ?? 0);
    const before = socketsOf(patient.pid ?? 0);
    const unstop = freeze(tree);
    try {
      await withinTwoPeriods(() => !patient.simulator.ready, 'to be taken out');
      expect((await fetch(`${patient.url}/health/live`)).status).toBe(200);
      await sleep(3 * PERIOD_MS);
      // One that is thrown away, and one that is tried, for each of the pool's, the relay's and the consumer's.
      expect(socketsOf(patient.pid ?? 0)).toBeLessThanOrEqual(before + 4);
    } finally {
      unstop();
    }
    await withinTwoPeriods(() => patient.simulator.ready, 'to be let in again');
    expect(patient.simulator.restarts, patient.history()).toBe(0);
  }, 120_000);

  it('for Kafka hanging: the service is degraded, and ready', async () => {
    const { kafka } = probed.platform;
    const status = async () => ((await (await fetch(`${patient.url}/health/ready`)).json()) as { status: string }).status;
    await until(async () => (await status()) === 'ready', { timeoutMs: 60_000 });
    const unstop = freeze([kafka.pid ?? 0]);
    try {
      await until(async () => (await status()) === 'degraded', { timeoutMs: 2 * PERIOD_MS + SLACK_MS });
      expect(patient.simulator.ready).toBe(true);
    } finally {
      unstop();
    }
    await until(async () => (await status()) === 'ready', { timeoutMs: 60_000 });
    expect(patient.simulator.restarts, patient.history()).toBe(0);
  }, 120_000);
});

/** SIGSTOP: they are there, and do nothing, until the function that is returned is called. */
function freeze(pids: readonly number[]): () => void {
  pids.forEach((pid) => process.kill(pid, 'SIGSTOP'));
  return () => pids.forEach((pid) => process.kill(pid, 'SIGCONT'));
}

/** Checks run every second and take a second at the most; the probe that sees it comes a second later at the most. */
async function withinTwoPeriods(condition: () => boolean, what: string): Promise<void> {
  await until(condition, { timeoutMs: 2 * PERIOD_MS + SLACK_MS, what });
}

/** Connections of orders' own login. */
async function databaseConnections(): Promise<number> {
  const [row] = await probed.platform.query(
    'orders',
    `SELECT count(*)::int AS count FROM pg_stat_activity WHERE datname = current_database() AND application_name LIKE 'waybill-orders-%'`,
  );
  return Number(row?.['count']);
}

/** A server's process and all that it has started: each connection of Postgres is a process of its own. */
function treeOf(pid: number): number[] {
  const table = execFileSync('ps', ['-eo', 'pid=,ppid='], { encoding: 'utf8' });
  const parents = table.trim().split('\n').map((line) => line.trim().split(/\s+/).map(Number));
  return [pid, ...parents.filter(([, parent]) => parent === pid).map(([child]) => child ?? 0)];
}

/** TCP connections that a process holds, open or opening. */
function socketsOf(pid: number): number {
  const links = execFileSync('sh', ['-c', `ls -l /proc/${pid}/fd | grep -c 'socket:'`], { encoding: 'utf8' });
  return Number(links);
}
