import { publishers, type Service, services } from '@waybill/contracts';
import type {
  ChangeRow,
  DeadRecordRow,
  HandledRow,
  LabelState,
  LedgerRow,
  OrderState,
  ParkedRow,
  ReservationState,
  RunRecord,
  ShipmentState,
  TopicRecord,
  WaitingRow,
} from '../record.js';
import { publisherAt, subscribersOf, type Table, tableOf } from './saga.js';

/** One event, from its row in the ledger to what each subscriber has done about it. */
export interface EventTrail extends Readonly<Record<Service, HandledRow | undefined>> {
  readonly row: LedgerRow;
  /** Its records: the lowest and the highest place, one that stands in another partition than these, and how many. */
  readonly first: TopicRecord | undefined;
  readonly last: TopicRecord | undefined;
  readonly elsewhere: TopicRecord | undefined;
  readonly copies: number;
  /** Its row in the outbox, if it still stands there. */
  readonly waiting: WaitingRow | undefined;
  readonly parked: readonly ParkedRow[];
}

/** Where an event is, to one of its subscribers. `lost`: nowhere. */
export type Whereabouts = 'handled' | 'parked' | 'dead' | 'waiting' | 'unread' | 'lost';

/** The record, turned over once so that each check finds what it asks for. */
export interface RecordIndex {
  readonly record: RunRecord;
  /** Of a service, by the event's id. An event that was put back into the outbox has one trail. */
  readonly trails: Readonly<Record<Service, ReadonlyMap<string, EventTrail>>>;
  /** Of a service, by the aggregate's id, in the order of the versions. */
  readonly aggregates: Readonly<Record<Service, ReadonlyMap<string, readonly EventTrail[]>>>;
  /** By the order's id, in the order in which they happened. */
  readonly changes: Readonly<Record<Table, ReadonlyMap<string, readonly ChangeRow[]>>>;
  readonly stockChanges: readonly ChangeRow[];
  /** Rows of dead letters. */
  readonly rawRows: readonly LedgerRow[];
  /** Effects of one event at one consumer beyond the first. */
  readonly handledAgain: readonly HandledRow[];
  /** Rows of events that are in no ledger. */
  readonly handledGhosts: readonly HandledRow[];
  readonly orders: ReadonlyMap<string, OrderState>;
  /** By the order's id; so are the shipments. */
  readonly reservations: ReadonlyMap<string, ReservationState>;
  readonly shipments: ReadonlyMap<string, ShipmentState>;
  readonly labels: ReadonlyMap<string, readonly LabelState[]>;
  /** Orders about which an event is dead, held or discarded: they may stay open. With the reason. */
  readonly excused: ReadonlyMap<string, string>;
  /** Orders about which an event is still under way. */
  readonly underWay: ReadonlySet<string>;
  trailOf(source: string | null, id: string | null): EventTrail | undefined;
  isWaiting(service: Service, id: string): boolean;
  handled(consumer: string, source: string, id: string): boolean;
  parked(consumer: string, source: string, id: string): ParkedRow | undefined;
  deadRecord(consumer: string, topic: string, partition: number, offset: number): boolean;
  isPlanted(at: Pick<TopicRecord, 'topic' | 'partition' | 'offset'>): boolean;
  /** The offset that the consumer's group has committed; -1 for none. */
  committed(consumer: Service, topic: string, partition: number): number;
  whereabouts(trail: EventTrail, subscriber: Service): Whereabouts;
}

type Growing<T> = { -readonly [K in keyof T]: T[K] };
type GrowingTrail = Growing<EventTrail>;

const NONE: readonly ParkedRow[] = [];

export function indexOf(record: RunRecord): RecordIndex {
  const waiting = new Map(record.outbox.map((row) => [`${row.service} ${row.id}`, row]));
  const parkedRows = new Map(record.parked.map((row) => [`${row.consumer} ${row.source} ${row.id}`, row]));
  const deadRecords = new Set(record.deadRecords.map((row) => placeOf(row.consumer, row)));
  const planted = new Set((record.planted ?? []).map((place) => placeOf('', place)));
  const committedOffsets = new Map(record.offsets.map((each) => [placeOf(each.group, { ...each, offset: 0 }), each.committed]));

  const { trails, rawRows } = followLedger(record, waiting);
  const trailOf = (source: string | null, id: string | null): GrowingTrail | undefined => {
    const service = publisherAt(source);
    return service === undefined || id === null ? undefined : trails[service].get(id);
  };
  followRecords(record, trailOf);
  const { again, ghosts } = followEffects(record, trailOf);
  for (const row of record.parked) {
    const trail = trailOf(row.source, row.id);
    if (trail !== undefined) {
      trail.parked = [...trail.parked, row];
    }
  }
  const ghostsHandled = new Set(ghosts.map((row) => `${row.consumer} ${row.source} ${row.id}`));

  const index: Omit<RecordIndex, 'excused' | 'underWay'> = {
    record,
    trails,
    aggregates: aggregatesOf(trails),
    ...changesOf(record),
    rawRows,
    handledAgain: again,
    handledGhosts: ghosts,
    orders: new Map(record.orders.map((order) => [order.id, order])),
    reservations: new Map(record.reservations.map((each) => [each.orderId, each])),
    shipments: new Map(record.shipments.map((each) => [each.orderId, each])),
    labels: grouped(record.labels, ({ key }) => key),
    trailOf,
    isWaiting: (service, id) => waiting.has(`${service} ${id}`),
    handled: (consumer, source, id) => {
      const trail = trailOf(source, id);
      return isService(consumer) && trail !== undefined
        ? trail[consumer] !== undefined
        : ghostsHandled.size > 0 && ghostsHandled.has(`${consumer} ${source} ${id}`);
    },
    parked: (consumer, source, id) => (parkedRows.size === 0 ? undefined : parkedRows.get(`${consumer} ${source} ${id}`)),
    deadRecord: (consumer, topic, partition, offset) =>
      deadRecords.size > 0 && deadRecords.has(placeOf(consumer, { topic, partition, offset })),
    isPlanted: (place) => planted.size > 0 && planted.has(placeOf('', place)),
    committed: (consumer, topic, partition) =>
      committedOffsets.get(placeOf(`waybill-${consumer}`, { topic, partition, offset: 0 })) ?? -1,
    whereabouts: (trail, subscriber) => whereabouts(index, trail, subscriber),
  };
  return Object.assign(index, openOrders(index));
}

function whereabouts(index: Pick<RecordIndex, 'committed'>, trail: EventTrail, subscriber: Service): Whereabouts {
  if (trail[subscriber] !== undefined) {
    return 'handled';
  }
  const parked = trail.parked.find(({ consumer }) => consumer === subscriber);
  if (parked !== undefined) {
    return parked.state === 'dead' ? 'dead' : 'parked';
  }
  const { last } = trail;
  if (last !== undefined && last.offset >= index.committed(subscriber, last.topic, last.partition)) {
    return 'unread';
  }
  return trail.waiting === undefined ? 'lost' : 'waiting';
}

function followLedger(record: RunRecord, waiting: ReadonlyMap<string, WaitingRow>) {
  const trails: Record<Service, Map<string, GrowingTrail>> = { orders: new Map(), inventory: new Map(), shipping: new Map() };
  const rawRows: LedgerRow[] = [];
  for (const row of record.ledger) {
    if (row.raw) {
      rawRows.push(row);
    } else if (!trails[row.service].has(row.id)) {
      trails[row.service].set(row.id, {
        row,
        first: undefined,
        last: undefined,
        elsewhere: undefined,
        copies: 0,
        waiting: waiting.size === 0 ? undefined : waiting.get(`${row.service} ${row.id}`),
        parked: NONE,
        orders: undefined,
        inventory: undefined,
        shipping: undefined,
      });
    }
  }
  return { trails, rawRows };
}

type FindTrail = (source: string | null, id: string | null) => GrowingTrail | undefined;

function followRecords(record: RunRecord, trailOf: FindTrail): void {
  for (const each of record.records) {
    const trail = publisherAt(each.topic) === undefined ? undefined : trailOf(each.source, each.id);
    if (trail === undefined) {
      continue;
    }
    trail.copies += 1;
    const { first = each, last = each } = trail;
    if (each.partition !== first.partition) {
      trail.elsewhere = each;
      continue;
    }
    trail.first = each.offset < first.offset ? each : first;
    trail.last = each.offset > last.offset ? each : last;
  }
}

function followEffects(record: RunRecord, trailOf: FindTrail) {
  const again: HandledRow[] = [];
  const ghosts: HandledRow[] = [];
  const others = new Set<string>();
  for (const row of record.handled) {
    const trail = trailOf(row.source, row.id);
    if (trail !== undefined && isService(row.consumer)) {
      if (trail[row.consumer] === undefined) {
        trail[row.consumer] = row;
      } else {
        again.push(row);
      }
      continue;
    }
    // Of a consumer that is no service's own, or of an event that nobody has committed.
    const identity = `${row.consumer} ${row.source} ${row.id}`;
    if (others.has(identity)) {
      again.push(row);
    }
    others.add(identity);
    if (trail === undefined) {
      ghosts.push(row);
    }
  }
  return { again, ghosts };
}

function aggregatesOf(trails: Readonly<Record<Service, ReadonlyMap<string, EventTrail>>>) {
  const of = (service: Service) => {
    const { aggregateType } = publishers[service];
    const found = new Map<string, EventTrail[]>();
    for (const trail of trails[service].values()) {
      if (trail.row.aggregateType === aggregateType) {
        add(found, trail.row.aggregateId, trail);
      }
    }
    for (const versions of found.values()) {
      inOrder(versions, ({ row }) => row.version);
    }
    return found;
  };
  return { orders: of('orders'), inventory: of('inventory'), shipping: of('shipping') };
}

function changesOf(record: RunRecord): Pick<RecordIndex, 'changes' | 'stockChanges'> {
  const changes: Record<Table, Map<string, ChangeRow[]>> = {
    orders: new Map(),
    reservations: new Map(),
    shipments: new Map(),
  };
  const stockChanges: ChangeRow[] = [];
  for (const row of record.changes) {
    if (row.table === 'stock') {
      stockChanges.push(row);
    } else {
      add(changes[row.table], row.id, row);
    }
  }
  const serialOf = ({ serial }: ChangeRow) => serial;
  inOrder(stockChanges, serialOf);
  for (const table of Object.values(tableOf)) {
    for (const [id, rows] of changes[table]) {
      inOrder(rows, serialOf);
      changes[table].set(id, withoutRepeats(rows));
    }
  }
  return { changes, stockChanges };
}

/**
 * A shipment is written to also when it is leased to a worker that asks the carrier, and then neither status nor version
 * changes. Such a row is no change; one that repeats a status which no lease leaves in place is.
 */
function withoutRepeats(rows: ChangeRow[]): ChangeRow[] {
  const isLease = (row: ChangeRow, before: ChangeRow | undefined) =>
    row.table === 'shipments' &&
    (row.status === 'REQUESTED' || row.status === 'CANCELLING') &&
    row.status === before?.status &&
    row.version === before.version;
  return rows.some((row, at) => isLease(row, rows[at - 1])) ? rows.filter((row, at) => !isLease(row, rows[at - 1])) : rows;
}

function openOrders(index: Omit<RecordIndex, 'excused' | 'underWay'>): Pick<RecordIndex, 'excused' | 'underWay'> {
  const excused = new Map<string, string>();
  const underWay = new Set<string>();
  for (const service of services) {
    for (const trail of index.trails[service].values()) {
      const { row, waiting } = trail;
      const { partitionKey: orderId } = row;
      if (waiting?.held === true) {
        excused.set(orderId, `${row.type} is held`);
      } else if (waiting !== undefined) {
        underWay.add(orderId);
      }
      for (const subscriber of subscribersOf(row.type)) {
        const where = index.whereabouts(trail, subscriber);
        if (where === 'dead') {
          excused.set(orderId, `${row.type} is dead in ${subscriber}`);
        } else if (where === 'parked' || where === 'unread') {
          underWay.add(orderId);
        } else if (trail[subscriber]?.outcome === 'discarded') {
          excused.set(orderId, `${row.type} was discarded in ${subscriber}`);
        }
      }
    }
  }
  // Also events that no ledger knows close the key of an order.
  for (const { key, state, type, consumer } of index.record.parked) {
    if (state === 'dead') {
      excused.set(key, excused.get(key) ?? `${type} is dead in ${consumer}`);
    }
  }
  return { excused, underWay };
}

function placeOf(whose: string, { topic, partition, offset }: Pick<DeadRecordRow, 'topic' | 'partition' | 'offset'>): string {
  return `${whose} ${topic} ${partition} ${offset}`;
}

function isService(consumer: string): consumer is Service {
  return (services as readonly string[]).includes(consumer);
}

function add<K, V>(groups: Map<K, V[]>, key: K, value: V): void {
  const group = groups.get(key);
  if (group === undefined) {
    groups.set(key, [value]);
  } else {
    group.push(value);
  }
}

function grouped<V>(values: readonly V[], keyOf: (value: V) => string): Map<string, V[]> {
  const groups = new Map<string, V[]>();
  for (const value of values) {
    add(groups, keyOf(value), value);
  }
  return groups;
}

/** Sorts in place; what is in order already, as nearly everything is, costs one look. */
function inOrder<V>(values: V[], by: (value: V) => number): void {
  for (let at = 1; at < values.length; at++) {
    if (by(values[at - 1] as V) > by(values[at] as V)) {
      values.sort((one, other) => by(one) - by(other));
      return;
    }
  }
}
