import { services } from '@waybill/contracts';
import { Balancer } from '../prove/balancer.js';
import type { Verdict } from '../prove/check/verdict.js';
import { OrderLoad } from '../prove/load.js';
import type { ClientRequest, RunRecord } from '../prove/record.js';
import { initialStock, wishesOf } from '../prove/wishes.js';
import { type Combination, nameOf, type SchemaStage } from './combinations.js';
import { Fleet, type Version } from './fleet.js';
import { RecordedRun } from './recorded-run.js';
import { migrated } from './schema-command.js';

export interface MatrixOptions {
  readonly older: Version;
  readonly newer: Version;
  readonly combinations: readonly Combination[];
  /** In each combination; 300. */
  readonly orders?: number;
  /** How long the platform may take to come to rest after each; 120 s. */
  readonly quietBoundMs?: number;
  readonly seed?: number;
  readonly say?: (line: string) => void;
  readonly signal?: AbortSignal;
}

export interface MatrixRow {
  readonly combination: Combination;
  readonly older: string;
  readonly newer: string;
  /** Accepted ones. */
  readonly orders: number;
  readonly requests: number;
  /** Without an answer, or with a 5xx. */
  readonly failed: number;
  /** That the checker has found since the row before. */
  readonly violations: number;
  /** Events of the type that two versions write differently: how many were written in which form. */
  readonly dispatched: { readonly v1: number; readonly v2: number };
  /** The first of them, or the first request that failed. */
  readonly example: string;
}

export interface MatrixReport {
  readonly rows: readonly MatrixRow[];
  readonly record: RunRecord;
  readonly verdicts: readonly Verdict[];
}

const ORDERS = 300;
const ORDERS_PER_SECOND = 40;
/** What leads from each schema to the next. */
const steps: readonly { readonly to: SchemaStage; readonly verbs: readonly ('expand' | 'backfill' | 'contract')[] }[] = [
  { to: 'shared', verbs: ['expand', 'backfill', 'expand'] },
  { to: 'newer', verbs: ['contract'] },
];

/**
 * Runs two versions of the services side by side on one platform, one combination after another, each under orders of all
 * kinds, and has the checker look at everything after each.
 */
export async function proveMatrix(options: MatrixOptions): Promise<MatrixReport> {
  const { older, newer, orders = ORDERS, seed = 1, say = () => undefined, signal = new AbortController().signal } = options;
  const [first] = options.combinations;
  if (first === undefined) {
    throw new RangeError('a matrix should have one combination at least, got none');
  }
  const fleet = await Fleet.start(first.schema === 'newer' ? newer : older);
  let schema: SchemaStage = first.schema === 'newer' ? 'newer' : 'older';
  try {
    const run = await RecordedRun.begin(fleet.platform, initialStock(orders));
    const requests: ClientRequest[] = [];
    const rows: MatrixRow[] = [];
    let known = 0;
    let seen = { v1: 0, v2: 0 };
    let judged: { readonly record: RunRecord; readonly verdicts: readonly Verdict[] } | undefined;
    try {
      for (const [index, combination] of options.combinations.entries()) {
        signal.throwIfAborted();
        // The schema goes before the version that needs it, and the contract comes after the last that does not.
        await (combination.schema === 'newer' && schema !== 'newer' ? moveAll(fleet, combination, { older, newer }) : undefined);
        schema = await migrateTo(fleet, schema, combination.schema);
        await moveAll(fleet, combination, { older, newer });
        const { asked, accepted } = await underOrders(fleet, run, { seed: seed + index, orders, index, signal });
        requests.push(...asked);
        judged = await run.judge({ requests, signal, say, ...(options.quietBoundMs !== undefined && { quietBoundMs: options.quietBoundMs }) });
        const broken = judged.verdicts.filter(({ result }) => result === 'broken');
        const violations = broken.reduce((sum, { violationCount }) => sum + violationCount, 0);
        const lost = asked.filter(({ result }) => result === 'unknown');
        const example = violations > known ? (broken[0]?.violations[0]?.what ?? '') : (lost[0]?.error ?? '');
        const forms = dispatchedIn(judged.record);
        const row = {
          combination,
          older: older.name,
          newer: newer.name,
          orders: accepted,
          requests: asked.length,
          failed: lost.length,
          violations: violations - known,
          dispatched: { v1: forms.v1 - seen.v1, v2: forms.v2 - seen.v2 },
          example,
        };
        known = violations;
        seen = forms;
        rows.push(row);
        say(`${nameOf(combination)}: ${row.orders} orders, ${row.failed} of ${row.requests} requests failed, ${row.violations} violations`);
      }
    } finally {
      await run.close();
    }
    if (judged === undefined) {
      throw new Error('no combination was judged');
    }
    return { rows, ...judged };
  } finally {
    await fleet.stop();
  }
}

async function migrateTo(fleet: Fleet, from: SchemaStage, to: SchemaStage): Promise<SchemaStage> {
  const at = steps.findIndex((step) => step.to === from);
  const end = steps.findIndex((step) => step.to === to);
  for (const { verbs } of steps.slice(at + 1, end + 1)) {
    for (const verb of verbs) {
      await migrated(fleet.platform.home, verb, 'orders');
    }
  }
  return to;
}

/** Nobody waits for an answer meanwhile: all that is to change changes at once. */
async function moveAll(fleet: Fleet, { mix }: Combination, { older, newer }: Pick<MatrixOptions, 'older' | 'newer'>): Promise<void> {
  const wanted = services.flatMap((service) => [
    { service, instance: 1, version: mix[service] === 'newer' ? newer : older },
    { service, instance: 2, version: mix[service] === 'older' ? older : newer },
  ]);
  const moves = wanted.filter(({ service, instance, version }) => fleet.versionOf(service, instance) !== version);
  await Promise.all(moves.map(({ service, instance, version }) => fleet.move(service, instance, version)));
}

interface OrdersOptions {
  readonly seed: number;
  readonly orders: number;
  /** Of the combination. */
  readonly index: number;
  readonly signal: AbortSignal;
}

async function underOrders(fleet: Fleet, run: RecordedRun, { seed, orders, index, signal }: OrdersOptions): Promise<{ readonly asked: ClientRequest[]; readonly accepted: number }> {
  const doors = fleet.platform.urlsOf('orders').map((url, at) => ({ name: `orders-${at + 1}`, url }));
  const balancer = new Balancer(doors);
  const load = new OrderLoad({
    wishes: wishesOf(seed, orders),
    instances: doors,
    isReady: balancer.isReady,
    durationMs: (orders / ORDERS_PER_SECOND) * 1_000,
    now: run.now,
    run: `matrix-${run.startedAt}-${index}`,
  });
  const stop = () => load.stop();
  signal.addEventListener('abort', stop, { once: true });
  balancer.start();
  try {
    await load.run();
  } finally {
    signal.removeEventListener('abort', stop);
    await balancer.stop();
  }
  // A wish's number says which customer's it is: those of the combinations before have theirs.
  return { asked: load.requests.map((request) => ({ ...request, wish: request.wish + index * orders })), accepted: load.accepted };
}

function dispatchedIn({ ledger }: RunRecord): MatrixRow['dispatched'] {
  const count = (version: number) => ledger.filter(({ type }) => type === `waybill.shipment.dispatched.v${version}`).length;
  return { v1: count(1), v2: count(2) };
}

/** No request failed, and nothing was found. */
export function isMatrixProved(rows: readonly MatrixRow[]): boolean {
  return rows.every(({ failed, violations }) => failed === 0 && violations === 0);
}
