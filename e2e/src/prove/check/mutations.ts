import type {
  ChangeRow,
  ClientRequest,
  HandledRow,
  LedgerRow,
  OrderState,
  RunRecord,
  ShipmentState,
  TopicRecord,
} from '../record.js';
import { ends, nameOf, subscribersOf } from './saga.js';
import type { Invariant } from './verdict.js';

type Mutable<T> = { -readonly [K in keyof T]: T[K] extends readonly (infer V)[] ? Mutable<V>[] : T[K] };
/** A record that may be doctored. */
export type DoctoredRecord = Mutable<RunRecord>;
/** One of these, anyone. */
export type Pick = <T>(from: readonly T[]) => T | undefined;

export interface Mutation {
  /** What is done to the record. */
  readonly name: string;
  readonly breaks: Invariant;
  /** Doctors the record in place; false where there is nothing in it that this could be done to. */
  readonly doctor: (record: DoctoredRecord, pick: Pick) => boolean;
}

/** Ways in which a record of a run in which all was kept becomes one in which something was not. */
export const mutations: readonly Mutation[] = [
  // I1
  mutation('I1', 'an acknowledged order is not in the database', (record, pick) =>
    withOne(pick, answered(record, 'place'), ({ orderId }) => remove(record.orders, ({ id }) => id === orderId)),
  ),
  mutation('I1', 'the event of an acknowledged order was never in the outbox', (record, pick) =>
    withOne(pick, answered(record, 'place'), ({ orderId }) =>
      remove(record.ledger, ({ partitionKey, type }) => partitionKey === orderId && type === 'waybill.order.placed.v1'),
    ),
  ),
  mutation('I1', 'the records of an event are gone', (record, pick) =>
    withOne(pick, sentEvents(record), ({ id }) => remove(record.records, (each) => each.id === id)),
  ),
  mutation('I1', 'an event has had no effect in a subscriber', (record, pick) =>
    withOne(pick, record.handled, (row) => remove(record.handled, (each) => each === row)),
  ),
  mutation('I1', 'an event is done, and its effect is not there', (record, pick) =>
    withOne(pick, done(record, 'waybill.order.placed'), ({ subject }) => remove(record.reservations, ({ orderId }) => orderId === subject)),
  ),
  mutation('I1', 'a cancellation was acknowledged, and the order is shipped', (record, pick) =>
    withOne(pick, answered(record, 'cancel').filter(({ status }) => status === 200), ({ orderId }) =>
      change(record.orders.find(({ id }) => id === orderId), { status: 'SHIPPED' }),
    ),
  ),
  mutation('I1', 'an event waits in the outbox when all is quiet', (record, pick) =>
    withOne(pick, sentEvents(record), ({ service, id, partitionKey }) => {
      remove(record.records, (each) => each.id === id);
      record.outbox.push({ service, id, partitionKey, held: false, error: null });
      return true;
    }),
  ),

  // I2
  mutation('I2', 'a consumer has handled an event twice', (record, pick) =>
    withOne(pick, record.handled, (row) => {
      record.handled.push({ ...row, serial: lastSerial(record.handled) + 1, txid: '999999', offset: row.offset + 1 });
      return true;
    }),
  ),
  mutation('I2', 'a version is announced twice', (record, pick) =>
    withOne(pick, events(record), (row) => {
      record.ledger.push({ ...row, id: `${row.id.slice(0, -12)}ffffffffffff`, serial: lastSerial(record.ledger) + 1 });
      return true;
    }),
  ),
  mutation('I2', 'a step is taken again, as the next version', (record, pick) =>
    withOne(pick, events(record), (row) => {
      const version = 1 + Math.max(...record.ledger.filter((each) => each.aggregateId === row.aggregateId).map((each) => each.version));
      record.ledger.push({ ...row, id: `${row.id.slice(0, -12)}ffffffffffff`, version, serial: lastSerial(record.ledger) + 1 });
      return true;
    }),
  ),
  mutation('I2', 'an aggregate is changed to one version twice', (record, pick) =>
    withOne(pick, record.changes.filter(({ table, status }) => table !== 'stock' && !isLeased(status)), (row) => {
      record.changes.push({ ...row, serial: lastSerial(record.changes) + 1, txid: '999999' });
      return true;
    }),
  ),
  mutation('I2', 'the dedup row was committed apart from the effect', (record, pick) =>
    withOne(pick, causing(record), (row) => change(row, { txid: '999999' })),
  ),
  mutation('I2', 'an effect has no dedup row', (record, pick) =>
    withOne(pick, causing(record), (row) => remove(record.handled, (each) => each === row)),
  ),

  // I3
  mutation('I3', 'a record is of an event that was never committed', (record, pick) =>
    withOne(pick, published(record), (row) => {
      record.records.push({ ...row, id: 'a-ghost', offset: endOf(record, row) });
      return true;
    }),
  ),
  mutation('I3', 'the outbox row of a record was rolled back', (record, pick) =>
    withOne(pick, sentEvents(record), (row) => remove(record.ledger, (each) => each === row)),
  ),
  mutation('I3', 'a record is not what was committed', (record, pick) =>
    withOne(pick, published(record), (row) => change(row, { type: 'waybill.order.shipped.v9' })),
  ),
  mutation('I3', 'a consumer has handled what nobody has sent', (record, pick) =>
    withOne(pick, record.handled, (row) => {
      record.handled.push({ ...row, id: 'a-ghost', serial: lastSerial(record.handled) + 1 });
      return true;
    }),
  ),
  mutation('I3', 'a dead letter was in no outbox', (record, pick) =>
    withOne(pick, published(record), (row) => {
      record.records.push({ ...row, topic: 'waybill.orders.shipping.dlt', partition: 0, offset: 5_000, key: 'nobody' });
      return true;
    }),
  ),

  // I4
  mutation('I4', 'a change owes an event that it has not', (record, pick) =>
    withOne(pick, events(record), (row) => remove(record.ledger, (each) => each === row)),
  ),
  mutation('I4', 'an event has no change', (record, pick) =>
    withOne(pick, owing(record), (row) => remove(record.changes, (each) => each === row)),
  ),
  mutation('I4', 'the event was written by another transaction than its change', (record, pick) =>
    withOne(pick, events(record), (row) => change(row, { txid: '999999' })),
  ),
  mutation('I4', 'the event is of another type than its change', (record, pick) =>
    withOne(pick, owing(record).filter(({ table }) => table === 'orders'), (row) =>
      change(row, { status: row.status === 'REJECTED' ? 'CONFIRMED' : 'REJECTED' }),
    ),
  ),
  mutation('I4', 'a row is further than its last event', (record, pick) =>
    withOne(pick, record.orders, (order) => change(order, { version: order.version + 1 })),
  ),

  // I5
  mutation('I5', 'a version overtakes its predecessor in the topic', (record, pick) =>
    withOne(pick, inARow(record), ([one, other]) => {
      const ofOne = record.records.filter(({ id, source, topic }) => id === one.id && source !== null && topic === one.topic);
      const ofOther = record.records.filter(({ id, source, topic }) => id === other.id && source !== null && topic === other.topic);
      const [first] = ofOne;
      const [second] = ofOther;
      if (first === undefined || second === undefined || ofOne.length > 1 || ofOther.length > 1) {
        return false;
      }
      const { offset } = first;
      change(first, { offset: second.offset });
      return change(second, { offset });
    }),
  ),
  mutation('I5', 'an aggregate shows in two partitions', (record, pick) =>
    withOne(pick, published(record), (row) => change(row, { partition: (row.partition + 1) % 6, offset: 100_000 })),
  ),
  mutation('I5', 'a consumer has taken a step back', (record, pick) =>
    withOne(pick, handledInARow(record), ([one, other]) => {
      const { serial } = one;
      change(one, { serial: other.serial });
      return change(other, { serial });
    }),
  ),
  mutation('I5', 'a consumer has skipped a version', (record, pick) =>
    withOne(pick, handledInARow(record), ([one]) => remove(record.handled, (each) => each === one)),
  ),
  mutation('I5', 'a change skips a version', (record, pick) =>
    withOne(pick, owing(record), (row) => change(row, { version: (row.version ?? 0) + 1 })),
  ),
  mutation('I5', 'a change leads out of an end', (record, pick) =>
    withOne(pick, record.orders.filter(({ status }) => status === 'SHIPPED'), (order) => {
      const last = record.changes.filter(({ table, id }) => table === 'orders' && id === order.id).at(-1);
      record.changes.push({ ...last!, status: 'CANCELLED', version: order.version + 1, serial: lastSerial(record.changes) + 1 });
      return true;
    }),
  ),

  // I6
  mutation('I6', 'an offset is committed past an event that nobody has handled', (record, pick) =>
    withOne(pick, record.handled, (row) => remove(record.handled, (each) => each === row)),
  ),
  mutation('I6', 'an offset is committed past a record that is no event', (record, pick) =>
    withOne(pick, record.deadRecords, (row) => remove(record.deadRecords, (each) => each === row)),
  ),
  mutation('I6', 'an offset is committed past a parked event that is gone', (record, pick) =>
    withOne(pick, record.parked, (row) => remove(record.parked, (each) => each === row)),
  ),
  mutation('I6', 'more is committed than the partition holds', (record, pick) =>
    withOne(pick, record.offsets, (row) => change(row, { committed: row.end + 1 })),
  ),

  // I7
  mutation('I7', 'an event is nowhere', (record, pick) =>
    withOne(pick, record.handled, (row) => remove(record.handled, (each) => each === row)),
  ),
  mutation('I7', 'an event has left the outbox, and never came to its topic', (record, pick) =>
    withOne(pick, events(record).filter((row) => subscribersOf(row.type).length > 0), ({ id, service }) => {
      remove(record.handled, (each) => each.id === id);
      remove(record.parked, (each) => each.id === id);
      remove(record.outbox, (each) => each.id === id && each.service === service);
      return remove(record.records, (each) => each.id === id) || true;
    }),
  ),
  mutation('I7', 'a parked event has vanished', (record, pick) =>
    withOne(pick, record.parked, (row) => remove(record.parked, (each) => each === row)),
  ),
  mutation('I7', 'an event is dead, and done', (record, pick) =>
    withOne(pick, record.parked.filter(({ state }) => state === 'dead'), (row) => {
      const like = record.handled[0];
      if (like === undefined) {
        return false;
      }
      record.handled.push({ ...like, ...row, outcome: 'done', serial: lastSerial(record.handled) + 1 });
      return true;
    }),
  ),
  mutation('I7', 'a dead letter was written, and is not in its topic', (record, pick) =>
    withOne(pick, record.records.filter(({ topic }) => topic.endsWith('.dlt')), (row) => remove(record.records, (each) => each === row)),
  ),

  // I8
  mutation('I8', 'a piece has disappeared', (record, pick) =>
    withOne(pick, record.stock, (row) => change(row, { onHand: row.onHand - 1 })),
  ),
  mutation('I8', 'a piece is reserved for nobody', (record, pick) =>
    withOne(pick, record.stock, (row) => change(row, { reserved: row.reserved + 1 })),
  ),
  mutation('I8', 'stock moved twice for one order', (record, pick) =>
    withOne(pick, record.changes.filter(({ table }) => table === 'stock'), (row) => {
      record.changes.push({ ...row, serial: lastSerial(record.changes) + 1 });
      return true;
    }),
  ),
  mutation('I8', 'stock moved for no order', (record, pick) =>
    withOne(pick, record.changes.filter(({ table }) => table === 'stock'), (row) => {
      record.changes.push({ ...row, serial: lastSerial(record.changes) + 1, txid: '999999' });
      return true;
    }),
  ),
  mutation('I8', 'a reservation moved no stock', (record, pick) =>
    withOne(pick, record.changes.filter(({ table }) => table === 'stock'), (row) => remove(record.changes, (each) => each === row)),
  ),
  mutation('I8', 'an order has a second shipment', (record, pick) =>
    withOne(pick, record.shipments, (row) => {
      record.shipments.push({ ...row, id: 'another' });
      return true;
    }),
  ),
  mutation('I8', 'a parcel has no label', (record, pick) =>
    withOne(pick, dispatched(record), ({ id }) => remove(record.labels, ({ key }) => key === id)),
  ),
  mutation('I8', 'a parcel has two labels', (record, pick) =>
    withOne(pick, dispatched(record), ({ id }) => {
      record.labels.push({ id: 'another', key: id, deleted: false });
      return true;
    }),
  ),
  mutation('I8', 'a refused parcel has a label', (record, pick) =>
    withOne(pick, record.shipments.filter(({ status }) => status === 'FAILED'), ({ id }) => {
      record.labels.push({ id: 'one', key: id, deleted: false });
      return true;
    }),
  ),
  mutation('I8', 'a parcel has left, and its order is cancelled', (record, pick) =>
    withOne(pick, ended(record, 'SHIPPED'), (order) => change(order, { status: 'CANCELLED' })),
  ),

  // I9
  mutation('I9', 'it was not quiet in time', (record) => change(record.run as Mutable<RunRecord['run']>, { quietMs: null })),
  mutation('I9', 'an order is still open', (record, pick) =>
    withOne(pick, ended(record, 'SHIPPED'), (order) => change(order, { status: 'CONFIRMED' })),
  ),
  mutation('I9', 'an order is at its end, and its reservation is not', (record, pick) =>
    withOne(pick, ended(record, 'CANCELLED'), ({ id }) =>
      change(record.reservations.find(({ orderId }) => orderId === id), { status: 'RESERVED' }),
    ),
  ),
  mutation('I9', 'an order is at its end, and the carrier is still asked', (record, pick) =>
    withOne(pick, ended(record, 'SHIPPED'), ({ id }) =>
      change(record.shipments.find(({ orderId }) => orderId === id), { status: 'REQUESTED' }),
    ),
  ),

  // I10
  mutation('I10', 'stock was released twice', (record, pick) =>
    withOne(pick, released(record), (row) => {
      record.ledger.push({ ...row, id: `${row.id.slice(0, -12)}ffffffffffff`, version: row.version + 1 });
      return true;
    }),
  ),
  mutation('I10', 'stock was released, and nobody said so', (record, pick) =>
    withOne(pick, released(record), (row) => remove(record.ledger, (each) => each === row)),
  ),
  mutation('I10', 'stock was released because of something else', (record, pick) =>
    withOne(pick, released(record), (row) => change(row, { causationId: row.id })),
  ),
  mutation('I10', 'the stock of a cancelled order is still reserved', (record, pick) =>
    withOne(pick, ended(record, 'CANCELLED'), ({ id }) =>
      change(record.reservations.find(({ orderId }) => orderId === id), { status: 'RESERVED' }),
    ),
  ),
  mutation('I10', 'the label of a cancelled shipment is not deleted', (record, pick) =>
    withOne(pick, record.labels.filter(({ deleted }) => deleted), (label) => change(label, { deleted: false })),
  ),
  mutation('I10', 'the label of a parcel that has left is deleted', (record, pick) =>
    withOne(pick, dispatched(record), ({ id }) => change(record.labels.find(({ key }) => key === id), { deleted: true })),
  ),

  // I11
  ...(['orders', 'inventory', 'shipping'] as const).map((service) =>
    mutation('I11', `a replay has changed something in ${service}`, (record) => {
      record.replay = { ...record.replay!, [service]: { before: 'one', after: 'another' } };
      return true;
    }),
  ),

  // I12
  mutation('I12', 'a key was answered with two orders', (record, pick) =>
    withOne(pick, answered(record, 'place').filter(({ key }) => key !== null), (request) => {
      const other = record.orders.find(({ id }) => id !== request.orderId);
      record.requests.push({ ...request, orderId: other?.id ?? 'another' });
      return true;
    }),
  ),
  mutation('I12', 'a key was answered in two ways', (record, pick) =>
    withOne(pick, answered(record, 'place').filter(({ key }) => key !== null), (request) => {
      record.requests.push({ ...request, answerHash: 'of something else' });
      return true;
    }),
  ),
  mutation('I12', 'two keys were answered with one order', (record, pick) =>
    withOne(pick, answered(record, 'place'), (request) => {
      record.requests.push({ ...request, key: 'another', wish: 100_000 });
      return true;
    }),
  ),
  mutation('I12', 'a key has placed two orders, and told of one', (record) => {
    // More than all unanswered commands together can have placed.
    const like = record.orders[0];
    const spare = record.requests.filter(({ kind, result }) => kind === 'place' && result === 'unknown').length + 1;
    for (let at = 0; at < spare && like !== undefined; at++) {
      record.orders.push({ ...like, id: `nobody's-${at}` });
    }
    return like !== undefined;
  }),

  // I13
  mutation('I13', 'a request got no answer in a rolling restart', (record, pick) =>
    withOne(pick, inRollingRestart(record), (request) => change(request, { result: 'unknown', status: null, error: 'ECONNRESET' })),
  ),
  mutation('I13', 'a request got 503 in a rolling restart', (record, pick) =>
    withOne(pick, inRollingRestart(record), (request) => change(request, { result: 'unknown', status: 503 })),
  ),
];

function mutation(breaks: Invariant, name: string, doctor: Mutation['doctor']): Mutation {
  return { breaks, name, doctor };
}

function withOne<T>(pick: Pick, from: readonly T[], doctor: (one: T) => boolean): boolean {
  const one = pick(from);
  return one !== undefined && doctor(one);
}

function remove<T>(rows: T[], which: (row: T) => boolean): boolean {
  const left = rows.filter((row) => !which(row));
  const removed = rows.length - left.length;
  rows.splice(0, rows.length, ...left);
  return removed > 0;
}

function change<T extends object>(row: T | undefined, to: Partial<Mutable<T>>): boolean {
  if (row !== undefined) {
    Object.assign(row, to);
  }
  return row !== undefined;
}

function lastSerial(rows: readonly { readonly serial: number }[]): number {
  return Math.max(...rows.map(({ serial }) => serial));
}

function answered({ requests }: DoctoredRecord, kind: ClientRequest['kind']): ClientRequest[] {
  return requests.filter((request) => request.kind === kind && request.result === 'ok');
}

function events({ ledger }: DoctoredRecord): Mutable<LedgerRow>[] {
  return ledger.filter(({ raw }) => !raw);
}

function sentEvents(record: DoctoredRecord): Mutable<LedgerRow>[] {
  const sent = new Set(record.records.map(({ topic, id }) => `${topic} ${id}`));
  return events(record).filter(({ topic, id }) => sent.has(`${topic} ${id}`));
}

/** Records of events in the topics of their services. */
function published({ records }: DoctoredRecord): Mutable<TopicRecord>[] {
  return records.filter(({ id, type }) => id !== null && type !== null);
}

function done({ handled, ledger }: DoctoredRecord, name: string): HandledRow[] {
  const ids = new Set(ledger.filter(({ type }) => nameOf(type) === name).map(({ id }) => id));
  return handled.filter(({ id, outcome }) => ids.has(id) && outcome === 'done');
}

/** Dedup rows of events that have caused another one in the same transaction. */
function causing({ handled, ledger }: DoctoredRecord): Mutable<HandledRow>[] {
  const caused = new Set(ledger.map(({ service, txid, causationId }) => `${service} ${txid} ${causationId}`));
  return handled.filter(({ service, txid, id }) => caused.has(`${service} ${txid} ${id}`));
}

/** Changes that owe an event. */
function owing({ changes }: DoctoredRecord): Mutable<ChangeRow>[] {
  return changes.filter(({ table, status, version }) => table !== 'stock' && version !== 0 && !(table === 'shipments' && status === 'CANCELLING'));
}

function isLeased(status: string | null): boolean {
  return status === 'REQUESTED' || status === 'CANCELLING';
}

/** Events of one aggregate with versions that follow one another. */
function inARow(record: DoctoredRecord): [LedgerRow, LedgerRow][] {
  const rows = sentEvents(record);
  const byVersion = new Map(rows.map((row) => [`${row.topic} ${row.aggregateId} ${row.version}`, row]));
  return rows.flatMap((one): [LedgerRow, LedgerRow][] => {
    const other = byVersion.get(`${one.topic} ${one.aggregateId} ${one.version + 1}`);
    return other === undefined ? [] : [[one, other]];
  });
}

/** What one consumer has done about two events of one aggregate, one after the other. */
function handledInARow({ handled }: DoctoredRecord): [Mutable<HandledRow>, Mutable<HandledRow>][] {
  const before = new Map<string, Mutable<HandledRow>>();
  return handled.flatMap((row): [Mutable<HandledRow>, Mutable<HandledRow>][] => {
    const name = `${row.consumer} ${row.source} ${row.subject}`;
    const one = before.get(name);
    if (row.outcome !== 'done') {
      return [];
    }
    before.set(name, row);
    return one === undefined ? [] : [[one, row]];
  });
}

function endOf({ offsets }: DoctoredRecord, { topic, partition }: TopicRecord): number {
  return offsets.find((each) => each.topic === topic && each.partition === partition)?.end ?? 0;
}

function dispatched({ shipments }: DoctoredRecord): ShipmentState[] {
  return shipments.filter(({ status }) => status === 'DISPATCHED');
}

function released(record: DoctoredRecord): Mutable<LedgerRow>[] {
  return events(record).filter(({ type }) => nameOf(type) === 'waybill.stock.released');
}

/** Orders that have come to this end, and about which no event is held, dead or discarded. */
function ended({ orders, reservations, shipments, ledger, outbox, parked, handled }: DoctoredRecord, status: string): Mutable<OrderState>[] {
  const orderOf = new Map(ledger.map(({ id, partitionKey }) => [id, partitionKey]));
  const open = new Set([
    ...outbox.map(({ partitionKey }) => partitionKey),
    ...parked.map(({ key }) => key),
    ...handled.flatMap(({ id, outcome }) => (outcome === 'discarded' ? (orderOf.get(id) ?? []) : [])),
  ]);
  return orders.filter((order) => {
    const states = [
      order.status,
      reservations.find(({ orderId }) => orderId === order.id)?.status ?? 'NONE',
      shipments.find(({ orderId }) => orderId === order.id)?.status ?? 'NONE',
    ].join(' ');
    return order.status === status && !open.has(order.id) && ends.has(states);
  });
}

function inRollingRestart({ requests, faults }: DoctoredRecord): Mutable<ClientRequest>[] {
  return requests.filter(({ startMs }) => faults.some(({ kind, startMs: from, endMs: to }) => kind === 'rolling' && startMs >= from && startMs <= to));
}
