import type { LedgerRow, RunRecord } from '../record.js';
import type { Verdict } from './verdict.js';

export type HistoryKind =
  | 'request'
  | 'fault'
  | 'change'
  | 'stock'
  | 'outbox'
  | 'record'
  | 'handled'
  | 'parked'
  | 'letter'
  | 'state'
  | 'label';

/** One line of an order's story. */
export interface HistoryLine {
  /** From the start of the run; null for what is only known to be so in the end. */
  readonly atMs: number | null;
  readonly kind: HistoryKind;
  /** `client`, `orders`, `kafka`, `carrier`, ... */
  readonly where: string;
  readonly text: string;
}

/**
 * Everything that the record knows of one order, on one axis of time: its requests (all attempts of its wish), changes,
 * outbox rows, records with their offsets, dedup rows, what is parked, and what was left in the end; and the faults that
 * were in force meanwhile.
 */
export function historyOf(record: RunRecord, orderId: string): HistoryLine[] {
  const lines = [...requestLines(record, orderId), ...storyLines(record, orderId)].sort(byTime);
  return [...withFaults(record, lines), ...finalLines(record, orderId)];
}

/** The failing order of which there is least to read; undefined where no order fails. */
export function smallestFailing(
  record: RunRecord,
  verdicts: readonly Verdict[],
): { readonly orderId: string; readonly lines: HistoryLine[] } | undefined {
  const failing = new Set(verdicts.flatMap(({ violations }) => violations.flatMap(({ orderId }) => orderId ?? [])));
  const sizes = storySizes(record, failing);
  let smallest: string | undefined;
  for (const orderId of failing) {
    if (smallest === undefined || (sizes.get(orderId) ?? 0) < (sizes.get(smallest) ?? 0)) {
      smallest = orderId;
    }
  }
  return smallest === undefined ? undefined : { orderId: smallest, lines: historyOf(record, smallest) };
}

/** A line each: the time in ms, where, and what. */
export function renderHistory(lines: readonly HistoryLine[]): string {
  const where = Math.max(0, ...lines.map((line) => line.where.length));
  return lines
    .map((line) => {
      const at = line.atMs === null ? 'end' : line.atMs.toFixed(0);
      return `${at.padStart(8)}  ${line.where.padEnd(where)}  ${line.text}`;
    })
    .join('\n');
}

function byTime(one: HistoryLine, other: HistoryLine): number {
  return (one.atMs ?? Infinity) - (other.atMs ?? Infinity);
}

function requestLines({ requests }: RunRecord, orderId: string): HistoryLine[] {
  const named = requests.filter((request) => request.orderId === orderId);
  const wishes = new Set(named.map(({ wish }) => wish));
  return requests
    .filter((request) => request.orderId === orderId || (request.orderId === null && wishes.has(request.wish)))
    .map(({ kind, key, instance, startMs, endMs, result, status, error }) => {
      const asked = `${kind} sent to ${instance}${key === null ? '' : ` with key ${key}`}`;
      const answer = `${result}${status === null ? '' : ` ${status}`}${error === null ? '' : ` (${error})`}`;
      return { atMs: startMs, kind: 'request', where: 'client', text: `${asked}: ${answer} after ${(endMs - startMs).toFixed(0)} ms` };
    });
}

function storyLines(record: RunRecord, orderId: string): HistoryLine[] {
  const since = (at: number) => at - record.run.startedAt;
  const ledger = record.ledger.filter(({ partitionKey }) => partitionKey === orderId);
  const events = new Map(ledger.map((row) => [row.id, row]));
  const lines: HistoryLine[] = ledger.map((row) => ({
    atMs: since(row.at),
    kind: row.raw ? 'letter' : 'outbox',
    where: row.service,
    text: `outbox: ${eventName(row)} ${row.id}${row.causationId === null ? '' : ` because of ${row.causationId}`} [tx ${row.txid}]`,
  }));
  const transactions = new Map<string, Set<string>>();
  for (const { service, at, table, id, version, status, txid } of record.changes) {
    if (table !== 'stock' && id === orderId) {
      transactions.set(service, (transactions.get(service) ?? new Set()).add(txid));
      lines.push({ atMs: since(at), kind: 'change', where: service, text: `${table}: ${status} version ${version} [tx ${txid}]` });
    }
  }
  const skus = new Set(
    [...record.orders.filter(({ id }) => id === orderId), ...record.reservations.filter((each) => each.orderId === orderId)].flatMap(
      (each) => each.lines.map(({ sku }) => sku),
    ),
  );
  for (const { service, at, table, id, onHand, reserved, txid } of record.changes) {
    if (table === 'stock' && skus.has(id) && transactions.get(service)?.has(txid) === true) {
      const text = `stock of ${id}: ${signed(onHand)} on hand, ${signed(reserved)} reserved [tx ${txid}, which other orders may share]`;
      lines.push({ atMs: since(at), kind: 'stock', where: service, text });
    }
  }
  for (const { at, topic, partition, offset, key, id, type, sequence } of record.records) {
    if (key === orderId || (id !== null && events.has(id))) {
      const text = `record: ${topic}/${partition}@${offset} ${type ?? 'without a type'} version ${sequence ?? '-'} ${id ?? 'without an id'}`;
      lines.push({ atMs: since(at), kind: 'record', where: 'kafka', text });
    }
  }
  for (const { service, at, consumer, id, outcome, topic, partition, offset, subject, sequence, txid } of record.handled) {
    const event = events.get(id);
    if (event !== undefined || subject === orderId) {
      const what = event === undefined ? `version ${sequence} of ${subject}` : eventName(event);
      const text = `inbox of ${consumer}: ${outcome} ${what} ${id} from ${topic}/${partition}@${offset} [tx ${txid}]`;
      lines.push({ atMs: since(at), kind: 'handled', where: service, text });
    }
  }
  return lines;
}

function eventName({ raw, topic, type, version }: LedgerRow): string {
  return raw ? `dead letter for ${topic}` : `${type} version ${version}`;
}

function signed(value: number | null): string {
  return value !== null && value > 0 ? `+${value}` : String(value ?? 0);
}

function withFaults({ faults }: RunRecord, lines: HistoryLine[]): HistoryLine[] {
  const times = lines.flatMap(({ atMs }) => atMs ?? []);
  const [from, to] = [Math.min(...times), Math.max(...times)];
  const during = faults
    .filter(({ startMs, endMs }) => startMs <= to && endMs >= from)
    .map(({ kind, target, detail, startMs, endMs }): HistoryLine => {
      const text = `fault: ${kind} of ${target} until ${endMs.toFixed(0)}${detail === '' ? '' : ` (${detail})`}`;
      return { atMs: startMs, kind: 'fault', where: 'prover', text };
    });
  return [...lines, ...during].sort(byTime);
}

function finalLines(record: RunRecord, orderId: string): HistoryLine[] {
  const lines: HistoryLine[] = [];
  const say = (kind: HistoryKind, where: string, text: string) => lines.push({ atMs: null, kind, where, text });
  const ids = new Set(record.ledger.filter(({ partitionKey }) => partitionKey === orderId).map(({ id }) => id));
  for (const { service, id, held, error } of record.outbox.filter((row) => ids.has(row.id))) {
    say('outbox', service, `${held ? 'held' : 'waits'} in the outbox: ${id}${error === null ? '' : `, ${error}`}`);
  }
  for (const { service, consumer, type, id, state, attempts, error } of record.parked.filter(({ key }) => key === orderId)) {
    say('parked', service, `${state} in ${consumer}: ${type} ${id} after ${attempts} attempts${error === null ? '' : `, ${error}`}`);
  }
  for (const { status, version, reason } of record.orders.filter(({ id }) => id === orderId)) {
    say('state', 'orders', `order: ${status} version ${version}${reason === null ? '' : `, ${reason}`}`);
  }
  for (const { status, version, lines: held } of record.reservations.filter((each) => each.orderId === orderId)) {
    const what = held.map(({ sku, quantity }) => `${quantity} ${sku}`).join(', ');
    say('state', 'inventory', `reservation: ${status} version ${version} of ${what}`);
  }
  for (const { id, status, version, labelId } of record.shipments.filter((each) => each.orderId === orderId)) {
    say('state', 'shipping', `shipment ${id}: ${status} version ${version}${labelId === null ? '' : ` with label ${labelId}`}`);
    for (const label of record.labels.filter(({ key }) => key === id)) {
      say('label', 'carrier', `label ${label.id}${label.deleted ? ', deleted' : ''}`);
    }
  }
  return lines;
}

/** How many lines the story of each order has, about: one look at the record for all of them. */
export function storySizes(record: RunRecord, orderIds: ReadonlySet<string>): ReadonlyMap<string, number> {
  const sizes = new Map<string, number>();
  const count = (orderId: string | undefined) => {
    if (orderId !== undefined && orderIds.has(orderId)) {
      sizes.set(orderId, (sizes.get(orderId) ?? 0) + 1);
    }
  };
  if (orderIds.size === 0) {
    return sizes;
  }
  const orderOfEvent = new Map<string, string>();
  for (const { id, partitionKey } of record.ledger) {
    if (orderIds.has(partitionKey)) {
      orderOfEvent.set(id, partitionKey);
      count(partitionKey);
    }
  }
  record.records.forEach(({ key }) => count(key));
  record.changes.forEach(({ id }) => count(id));
  record.handled.forEach(({ id, subject }) => count(orderOfEvent.get(id) ?? subject));
  record.requests.forEach(({ orderId }) => count(orderId ?? undefined));
  return sizes;
}
