import { setTimeout as sleep } from 'node:timers/promises';
import { type Service, services } from '@waybill/contracts';
import { until } from '@waybill/testing';
import { customerId } from '../customer.js';
import type { Verdict } from '../prove/check/verdict.js';
import type { FaultSpan, RunRecord } from '../prove/record.js';
import type { OpenLoopResult } from '../prove/rolling/load.js';
import { areEqual, changedCustomers, type ColumnSums, columnSums, rememberCustomers } from './customer-columns.js';
import { insertExistingOrders } from './existing-orders.js';
import { Fleet, thisVersion, type Version } from './fleet.js';
import { RecordedRun } from './recorded-run.js';
import { migrated, migrateSchema, renameSteps, type SchemaVerb } from './schema-command.js';
import { LOAD_SKU, LOAD_STOCK, Traffic } from './traffic.js';

export interface UpgradeOptions {
  readonly previous: Version;
  /** Of requests, all services together; 200. */
  readonly perSecond?: number;
  /** Go on until so many have been sent; as many as the steps take. */
  readonly requests?: number;
  /** Orders that are there before; 30,000. */
  readonly existing?: number;
  /** Go back at each step, and forward again; true. */
  readonly detours?: boolean;
  readonly say?: (line: string) => void;
  readonly signal?: AbortSignal;
}

export interface UpgradeStep {
  readonly name: string;
  readonly startMs: number;
  readonly endMs: number;
  /** The customer's columns after it. */
  readonly columns: ColumnSums;
  /** Absent: it went as it should. */
  readonly problem?: string;
}

export interface UpgradeReport {
  readonly steps: readonly UpgradeStep[];
  readonly load: OpenLoopResult;
  readonly record: RunRecord;
  readonly verdicts: readonly Verdict[];
}

const PER_SECOND = 200;
const EXISTING = 30_000;
/** Between two steps: each has to stand some traffic. */
const STAY_MS = 1_000;
/** Longer than the proxies take to see that an instance is no longer ready. */
const DRAIN_MS = '1500';
/** Of the orders that are read back. */
const PAGE = 50;
const BATCH = 1_000;

/**
 * Upgrades the platform from the version before to this one, while customers go on: the schema of orders step by step, then
 * the instances, then the contract; and back at each step.
 */
export async function proveUpgrade(options: UpgradeOptions): Promise<UpgradeReport> {
  const { previous, say = () => undefined, signal = new AbortController().signal } = options;
  const fleet = await Fleet.start(previous, { env: { SHUTDOWN_DRAIN_MS: DRAIN_MS } });
  try {
    const run = await RecordedRun.begin(fleet.platform, { [LOAD_SKU]: LOAD_STOCK });
    try {
      await insertExistingOrders(run.watch, options.existing ?? EXISTING);
      const perSecond = options.perSecond ?? PER_SECOND;
      const traffic = await Traffic.open(fleet.platform, { perSecond, run: `upgrade-${run.startedAt}`, now: run.now });
      const upgrade = new Upgrade(fleet, run, traffic, options, say, signal);
      let load: OpenLoopResult;
      try {
        await upgrade.walk();
        await sleep(Math.max(STAY_MS, ((options.requests ?? 0) / perSecond) * 1_000 - run.now()), undefined, { signal });
      } finally {
        load = await traffic.close();
      }
      say('waiting until all is quiet, then checking');
      return { steps: upgrade.steps, load, ...(await run.judge({ requests: load.commands, faults: upgrade.rolls, signal, say })) };
    } finally {
      await run.close();
    }
  } finally {
    await fleet.stop();
  }
}

/** The steps in their order; each leaves a line. */
class Upgrade {
  readonly steps: UpgradeStep[] = [];
  readonly rolls: FaultSpan[] = [];

  constructor(
    private readonly fleet: Fleet,
    private readonly run: RecordedRun,
    private readonly traffic: Traffic,
    private readonly options: UpgradeOptions,
    private readonly say: (line: string) => void,
    private readonly signal: AbortSignal,
  ) {}

  async walk(): Promise<void> {
    const { detours = true, previous } = this.options;
    if (detours) {
      await this.step('this version on the schema of before: not ready, and says why', () => this.comesTooEarly());
    }
    await this.migrate('expand', 'expand: the column, and a trigger that writes both');
    if (detours) {
      await this.migrate({ back: renameSteps.expand }, 'back: without the column');
      await this.migrate('expand', 'expand again');
    }
    await this.migrate('backfill', 'backfill');
    if (detours) {
      await this.migrate({ back: renameSteps.backfill }, 'back: the backfill is forgotten');
      await this.migrate('backfill', 'backfill again');
    }
    await this.step('all rows have both columns', async () => {
      const { unfilled } = await columnSums(this.run.watch);
      return unfilled === 0 ? undefined : `${unfilled} rows have no customer_ref`;
    });
    await this.migrate('expand', 'expand: the index and NOT NULL');
    if (detours) {
      await this.migrate({ back: renameSteps.required }, 'back: may be null');
      await this.migrate({ back: renameSteps.index }, 'back: without the index');
      await this.migrate('expand', 'expand again');
      for (const service of services.filter((name) => name !== 'orders')) {
        await this.roll(service, thisVersion);
      }
    }
    await this.move('orders', 1, thisVersion);
    await this.step('contract is refused while an instance of before lives', () => this.isRefused());
    await this.move('orders', 2, thisVersion);
    if (detours) {
      await this.roll('orders', previous);
      await this.step('the version before reads what this one has written', () => this.readsBack());
      await this.roll('orders', thisVersion);
    }
    await this.contract('contract');
    if (detours) {
      await this.step('back: the old column and its trigger are there again, and it is filled', () => this.takeContractBack());
      await this.contract('contract again');
    }
    await this.step('this version reads what the one before has written', () => this.readsBack());
  }

  private async step(name: string, run: () => Promise<string | undefined>): Promise<void> {
    this.signal.throwIfAborted();
    const startMs = this.run.now();
    const found = await run();
    const columns = await columnSums(this.run.watch);
    const problem = found ?? (areEqual(columns) ? undefined : `the columns differ: ${columns.id} and ${columns.ref}`);
    this.steps.push({ name, startMs, endMs: this.run.now(), columns, ...(problem !== undefined && { problem }) });
    this.say(`${(startMs / 1_000).toFixed(1).padStart(6)} s  ${name}${problem === undefined ? '' : `: ${problem}`}`);
    await sleep(STAY_MS, undefined, { signal: this.signal });
  }

  private migrate(verb: SchemaVerb, name: string): Promise<void> {
    return this.step(name, async () => {
      await migrated(this.fleet.platform.home, verb, 'orders');
      return undefined;
    });
  }

  private roll(service: Service, version: Version): Promise<void> {
    return this.rolling(`${service} rolled to ${version.name}`, service, async () => {
      for (const instance of this.fleet.platform.instancesOf(service)) {
        await this.replace(service, instance, version);
      }
    });
  }

  private move(service: Service, instance: number, version: Version): Promise<void> {
    return this.rolling(`${service} ${instance} becomes ${version.name}`, service, () => this.replace(service, instance, version));
  }

  private async replace(service: Service, instance: number, version: Version): Promise<void> {
    await this.fleet.move(service, instance, version);
    await this.traffic.reaches(service, instance);
  }

  private async rolling(name: string, target: string, run: () => Promise<void>): Promise<void> {
    const startMs = this.run.now();
    await this.step(name, async () => {
      await run();
      return undefined;
    });
    this.rolls.push({ kind: 'rolling', target, detail: name, startMs, endMs: this.run.now(), recoveredMs: null });
  }

  private async comesTooEarly(): Promise<string | undefined> {
    const { fleet, options } = this;
    const { mark } = fleet;
    const start = fleet.move('orders', 2, thisVersion);
    // It is stopped before it was ready, and says so.
    start.catch(() => undefined);
    let problem: string | undefined;
    try {
      await until(() => fleet.said('orders', renameSteps.expand, mark), { timeoutMs: 30_000, what: `orders 2 to name ${renameSteps.expand} in its log` });
      const status = await readiness(fleet.platform.urlsOf('orders')[1] ?? '');
      problem = status === 503 ? undefined : `orders 2 answers ${status} to /health/ready`;
    } catch (error) {
      problem = error instanceof Error ? error.message : String(error);
    }
    await fleet.platform.process('orders', 2).stop();
    await start.catch(() => undefined);
    await this.replace('orders', 2, options.previous);
    return problem;
  }

  private async isRefused(): Promise<string | undefined> {
    const { done, words } = await migrateSchema(this.fleet.platform.home, 'contract', 'orders');
    if (done) {
      return `it was not refused: ${words}`;
    }
    return /orders 2 \(/.test(words) ? undefined : `orders 2 is not named: ${words}`;
  }

  /** An instance that was stopped in order has signed off; one that was not is forgotten after 20 s. */
  private contract(name: string): Promise<void> {
    return this.step(name, async () => {
      const { watch } = this.run;
      await rememberCustomers(watch);
      await migrated(this.fleet.platform.home, 'contract', 'orders');
      const changed = await changedCustomers(watch);
      return changed === 0 ? undefined : `${changed} orders have another customer than before`;
    });
  }

  /** And what the column's comment asks for: a batch at a time, past the rows that somebody is at. */
  private async takeContractBack(): Promise<string | undefined> {
    await migrated(this.fleet.platform.home, { back: renameSteps.contract }, 'orders');
    const { watch } = this.run;
    for (let left = Infinity; left > 0; ) {
      const filled = await watch.query<{ id: string }>(
        'orders',
        `UPDATE orders SET customer_id = customer_ref::uuid WHERE id IN
           (SELECT id FROM orders WHERE customer_id IS NULL LIMIT ${BATCH} FOR UPDATE SKIP LOCKED) RETURNING id`,
      );
      left = filled.length;
    }
    const [row] = await watch.query<{ n: number }>('orders', 'SELECT count(*)::int AS n FROM orders WHERE customer_id IS NULL');
    return row?.n === 0 ? undefined : `${row?.n} rows have no customer_id`;
  }

  /** Each instance, asked past the proxies, gives every order of the last its customer. */
  private async readsBack(): Promise<string | undefined> {
    const { platform } = this.fleet;
    for (const url of platform.urlsOf('orders')) {
      const response = await fetch(`${url}/orders?customerId=${customerId}&limit=${PAGE}`);
      const { items } = (await response.json()) as { readonly items?: readonly { readonly customerId: string }[] };
      const strange = items?.find((order) => order.customerId !== customerId);
      if (items === undefined || items.length < PAGE || strange !== undefined) {
        return `${url} answers ${response.status} with ${items?.length ?? 'no'} orders, one of ${strange?.customerId ?? 'the right customer'}`;
      }
    }
    return undefined;
  }
}

async function readiness(url: string): Promise<number> {
  const response = await fetch(`${url}/health/ready`, { signal: AbortSignal.timeout(2_000) });
  await response.arrayBuffer();
  return response.status;
}

/** Nothing failed, every step went as it should, and the checker found nothing. */
export function isProved({ steps, load, verdicts }: Omit<UpgradeReport, 'record'>): boolean {
  return (
    load.sent === load.answered &&
    steps.every(({ problem }) => problem === undefined) &&
    verdicts.every(({ result }) => result !== 'broken')
  );
}
