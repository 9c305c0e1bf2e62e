import { setTimeout as sleep } from 'node:timers/promises';
import type { Service } from '@waybill/contracts';
import { table } from '@waybill/local';
import { durationWords } from './duration.js';
import { SagaDatabases } from './saga-databases.js';
import { type Mismatch, type MismatchKind, mismatchKinds, mismatchOf, momentOf, type SagaView } from './saga-mismatch.js';
import { readToHere, type Unread } from './topic-reading.js';

export interface ReconcileSource {
  readonly databases: Readonly<Record<Service, string>>;
  /** Without them nobody can tell whether an event stands in a topic, and time alone has to do. */
  readonly brokers?: string | undefined;
}

export interface ReconcileOptions {
  /** An order that is open for longer is listed. */
  readonly olderThanMs: number;
  /** How long what is under way may take to arrive. */
  readonly settleMs: number;
}

export interface Reconciliation {
  readonly orders: number;
  /** Orders that do not fit together at this moment, because something is on its way. */
  readonly inFlight: number;
  readonly mismatches: readonly Mismatch[];
  /** More was wrong than is listed. */
  readonly truncated: boolean;
}

const FINAL = new Set(['SHIPPED', 'REJECTED', 'CANCELLED']);
/** As many are remembered and looked at again; whoever has more has another problem than any one order. */
const SUSPECTS_MAX = 100_000;
const MISMATCHES_MAX = 10_000;
const LOOK_BATCH = 5_000;

/**
 * Compares orders, reservations and shipments across the three databases, and tells what does not fit together.
 *
 * No moment is the same in three databases, and events are always on their way. So what looks wrong is only suspected;
 * then, in this order: (1) the suspects are read again, (2) no outbox and nobody's parked events hold anything about
 * them, (3) all services have read what stood in the topics after that, and (4) nothing has moved since (1). Then every
 * event that was owed at (1) has arrived, and what is still wrong will not mend itself.
 *
 * @throws the error of a database or broker that could not be asked
 */
export async function reconcile(source: ReconcileSource, options: ReconcileOptions): Promise<Reconciliation> {
  const databases = await SagaDatabases.open(source.databases);
  try {
    const found: Mismatch[] = [];
    const { orders, suspects, overflow } = await scan(databases, options.olderThanMs, found);
    const { mismatches, inFlight } = await settle(databases, source.brokers, suspects, options.settleMs);
    found.push(...mismatches);
    for (const { labelId, orderIds } of await databases.sharedLabels()) {
      const [orderId = null, ...others] = orderIds;
      found.push({ kind: 'shipped-twice', orderId, detail: `label ${labelId} is also that of ${others.join(', ')}` });
    }
    for (const { sku, reserved, held } of await databases.reservedSums()) {
      found.push({ kind: 'reserved-sum', orderId: null, detail: `${sku}: ${reserved} reserved, orders hold ${held}` });
    }
    found.push(...(await databases.stopped(MISMATCHES_MAX)));
    return {
      orders,
      inFlight,
      mismatches: inOrder(found).slice(0, MISMATCHES_MAX),
      truncated: overflow || found.length > MISMATCHES_MAX,
    };
  } finally {
    await databases.close();
  }
}

/** Everything once: collects what looks wrong, and lists at once who waits too long. */
async function scan(databases: SagaDatabases, olderThanMs: number, found: Mismatch[]) {
  const suspects: string[] = [];
  let orders = 0;
  let overflow = false;
  for await (const view of databases.everything()) {
    const { orderId, order } = view;
    orders += order === undefined ? 0 : 1;
    if (order !== undefined && !FINAL.has(order.status) && order.ageMs > olderThanMs) {
      const detail = `${order.status}, placed ${durationWords(order.ageMs)} ago`;
      found.push({ kind: 'waiting', orderId, detail });
    }
    if (mismatchOf(view) !== undefined) {
      overflow ||= suspects.length === SUSPECTS_MAX;
      suspects.push(...(overflow ? [] : [orderId]));
    }
  }
  return { orders, suspects, overflow };
}

async function settle(
  databases: SagaDatabases,
  brokers: string | undefined,
  suspects: readonly string[],
  settleMs: number,
): Promise<{ mismatches: Mismatch[]; inFlight: number }> {
  const before = new Map<string, string>();
  const waiting = new Set<string>();
  for (const batch of batchesOf(suspects)) {
    for (const view of stillWrong(await databases.look(batch))) {
      before.set(view.orderId, momentOf(view));
    }
    for (const orderId of await databases.waiting(batch)) {
      waiting.add(orderId);
    }
  }
  if (before.size === 0) {
    return { mismatches: [], inFlight: 0 };
  }
  const unread = await arrivals(brokers, settleMs);
  const mismatches: Mismatch[] = [];
  let inFlight = 0;
  for (const batch of batchesOf([...before.keys()])) {
    for (const view of stillWrong(await databases.look(batch))) {
      const { orderId } = view;
      const moves = waiting.has(orderId) || unread.has(orderId) || before.get(orderId) !== momentOf(view);
      const mismatch = mismatchOf(view);
      if (moves || mismatch === undefined) {
        inFlight++;
      } else {
        mismatches.push(mismatch);
      }
    }
  }
  return { mismatches, inFlight };
}

async function arrivals(brokers: string | undefined, settleMs: number): Promise<Unread> {
  if (brokers !== undefined) {
    return readToHere(brokers, settleMs);
  }
  await sleep(settleMs);
  return { has: () => false };
}

function stillWrong(views: readonly SagaView[]): SagaView[] {
  // An order that no database knows any more cannot be wrong.
  return views.filter((view) => (view.order ?? view.reservation ?? view.shipment) && mismatchOf(view) !== undefined);
}

function* batchesOf(ids: readonly string[]): Generator<string[]> {
  for (let at = 0; at < ids.length; at += LOOK_BATCH) {
    yield ids.slice(at, at + LOOK_BATCH);
  }
}

/** The worst kinds first, as `mismatchKinds` has them; within a kind the oldest order first. */
function inOrder(mismatches: readonly Mismatch[]): Mismatch[] {
  const rank = new Map<MismatchKind, number>(mismatchKinds.map((kind, index) => [kind, index]));
  return [...mismatches].sort(
    (a, b) =>
      (rank.get(a.kind) ?? 0) - (rank.get(b.kind) ?? 0) ||
      (a.orderId ?? '').localeCompare(b.orderId ?? '') ||
      a.detail.localeCompare(b.detail),
  );
}

/** More than a screen of them helps nobody; `--json` has all. */
const SHOWN_MAX = 40;
const DETAIL_MAX = 140;

/** The same for a person. */
export function renderReconciliation({ orders, inFlight, mismatches, truncated }: Reconciliation): string {
  const looked = `  ${orders} orders compared, ${inFlight} of them with something under way.`;
  if (mismatches.length === 0) {
    return `${looked}\n  Orders, reservations, shipments and stock fit together.`;
  }
  const counts = new Map<string, number>();
  for (const { kind } of mismatches) {
    counts.set(kind, (counts.get(kind) ?? 0) + 1);
  }
  const shown = mismatches.slice(0, SHOWN_MAX);
  const more = mismatches.length - shown.length;
  return [
    looked,
    table([['kind', 'count'], ...[...counts].map(([kind, count]) => [kind, String(count)])]),
    table([
      ['kind', 'order', 'what'],
      ...shown.map(({ kind, orderId, detail }) => [kind, orderId ?? '-', detail.replaceAll(/\s+/g, ' ').slice(0, DETAIL_MAX)]),
    ]),
    ...(more > 0 ? [`  ... and ${more} more (--json lists them).`] : []),
    ...(truncated ? ['  There are more than can be listed.'] : []),
  ].join('\n\n');
}
