import type { Service } from '@waybill/contracts';

/**
 * What a run of the prover leaves: everything that the checker needs, and nothing that it would have to ask for.
 *
 * Two clocks: `...Ms` counts from the start of the run on the prover's monotonic clock; `...At` is Unix time in ms, by
 * the clock of the database or broker that wrote it (all of them are this machine's).
 */
export interface RunRecord {
  readonly run: RunHeader;
  /** What the clients did, in the order in which they began. */
  readonly requests: readonly ClientRequest[];
  readonly faults: readonly FaultSpan[];
  readonly samples: readonly Sample[];
  /** Every row that was ever committed to an outbox; `serial` rises with the insert. */
  readonly ledger: readonly LedgerRow[];
  /** Every row that was ever committed to an inbox, also those that were deleted since. */
  readonly handled: readonly HandledRow[];
  /** Every committed change of an order's, a reservation's or a shipment's status or version, or of a line of stock. */
  readonly changes: readonly ChangeRow[];
  /** What still waits in the outboxes at the end. */
  readonly outbox: readonly WaitingRow[];
  readonly parked: readonly ParkedRow[];
  readonly deadRecords: readonly DeadRecordRow[];
  readonly orders: readonly OrderState[];
  readonly reservations: readonly ReservationState[];
  readonly shipments: readonly ShipmentState[];
  readonly stock: readonly StockState[];
  /** Every label that the carrier has issued. */
  readonly labels: readonly LabelState[];
  /** Every record of every topic, dead-letter topics included, by topic, partition and offset. */
  readonly records: readonly TopicRecord[];
  readonly offsets: readonly GroupOffset[];
  /** Records that the run itself wrote past the outboxes: poison, rubbish. Nobody has to have committed these. */
  readonly planted?: readonly { readonly topic: string; readonly partition: number; readonly offset: number }[];
  /** Hashes of the services' business tables before and after everything was replayed; absent when it was not. */
  readonly replay?: Readonly<Record<Service, { readonly before: string; readonly after: string }>>;
}

export interface RunHeader {
  readonly seed: number;
  readonly startedAt: number;
  readonly instances: number;
  readonly faultKinds: readonly string[];
  /** The wrong design that ran in the place of ours, if one did. */
  readonly exhibit: string | null;
  readonly ordersWanted: number;
  /** How long orders were to come in; absent: as long as so many orders take. */
  readonly durationMs?: number;
  readonly loadEndedMs: number;
  /** Every fault has been taken back, everything that was killed runs again. */
  readonly healedMs: number;
  /** Nothing moved any more; null when that was not so within `quietBoundMs` after healing. */
  readonly quietMs: number | null;
  readonly quietBoundMs: number;
  /** What each SKU had before the first order. */
  readonly initialStock: Readonly<Record<string, number>>;
  readonly platform: { readonly node: string; readonly cpus: number; readonly commit: string | null };
}

/** `unknown`: a time-out, a reset or a 5xx; it may have happened or not. */
export type RequestResult = 'ok' | 'fail' | 'unknown';

export interface ClientRequest {
  readonly kind: 'place' | 'cancel';
  /** The customer's own number of the order: attempts with one key share it. */
  readonly wish: number;
  /** good, no-stock, cancelled, twin, ... */
  readonly scenario: string;
  readonly key: string | null;
  /** `orders-1`. */
  readonly instance: string;
  readonly startMs: number;
  readonly endMs: number;
  readonly result: RequestResult;
  readonly status: number | null;
  readonly orderId: string | null;
  /** Of the answer's body, for comparing the answers of one key. */
  readonly answerHash: string | null;
  /** Why there was no answer. */
  readonly error: string | null;
}

export interface FaultSpan {
  /** kill, pause, broker, database, network, carrier, rolling, ... */
  readonly kind: string;
  /** `orders-2`, `kafka`, `postgres`, `orders -> postgres`. */
  readonly target: string;
  readonly detail: string;
  readonly startMs: number;
  readonly endMs: number;
  /** From the end of the fault until no row waited and no lag was left; null when the next fault came first. */
  readonly recoveredMs: number | null;
}

export interface Sample {
  readonly atMs: number;
  /** Orders accepted, and orders ended, since the start. */
  readonly accepted: number;
  readonly ended: number;
  /** Rows in the three outboxes; records behind the groups' offsets; null while it could not be asked. */
  readonly outboxRows: number | null;
  readonly lag: number | null;
  /** Median and 99th percentile of the requests that ended since the last sample. */
  readonly p50Ms: number | null;
  readonly p99Ms: number | null;
  readonly unknown: number;
}

export interface LedgerRow {
  readonly service: Service;
  readonly serial: number;
  /** The transaction, equal in ledger, handled and changes of one service. */
  readonly txid: string;
  readonly at: number;
  readonly id: string;
  readonly topic: string;
  readonly aggregateType: string;
  readonly aggregateId: string;
  readonly version: number;
  readonly type: string;
  /** The order. */
  readonly partitionKey: string;
  readonly causationId: string | null;
  /** A record that goes out as it is: a dead letter's copy. */
  readonly raw: boolean;
}

export interface HandledRow {
  readonly service: Service;
  readonly serial: number;
  readonly txid: string;
  readonly at: number;
  readonly consumer: string;
  readonly source: string;
  readonly id: string;
  readonly outcome: string;
  readonly topic: string;
  readonly partition: number;
  readonly offset: number;
  readonly subject: string;
  readonly sequence: number;
}

export interface ChangeRow {
  readonly service: Service;
  readonly serial: number;
  readonly txid: string;
  readonly at: number;
  readonly table: 'orders' | 'reservations' | 'shipments' | 'stock';
  /** Order id; SKU for stock. */
  readonly id: string;
  readonly version: number | null;
  readonly status: string | null;
  /** Stock only: what was added to on hand and to reserved. */
  readonly onHand: number | null;
  readonly reserved: number | null;
}

export interface WaitingRow {
  readonly service: Service;
  readonly id: string;
  readonly partitionKey: string;
  readonly held: boolean;
  readonly error: string | null;
}

export interface ParkedRow {
  readonly service: Service;
  readonly consumer: string;
  readonly source: string;
  readonly id: string;
  readonly topic: string;
  readonly partition: number;
  readonly offset: number;
  readonly key: string;
  readonly type: string;
  readonly subject: string;
  readonly sequence: number;
  readonly state: 'waiting' | 'dead';
  readonly attempts: number;
  readonly error: string | null;
}

export interface DeadRecordRow {
  readonly service: Service;
  readonly consumer: string;
  readonly topic: string;
  readonly partition: number;
  readonly offset: number;
  readonly reason: string;
}

export interface OrderState {
  readonly id: string;
  readonly status: string;
  readonly version: number;
  readonly reason: string | null;
  readonly lines: readonly { readonly sku: string; readonly quantity: number }[];
}

export interface ReservationState {
  readonly orderId: string;
  readonly status: string;
  readonly version: number;
  readonly lines: readonly { readonly sku: string; readonly quantity: number }[];
}

export interface ShipmentState {
  readonly id: string;
  readonly orderId: string;
  readonly status: string;
  readonly version: number;
  readonly labelId: string | null;
}

export interface StockState {
  readonly sku: string;
  readonly onHand: number;
  readonly reserved: number;
}

export interface LabelState {
  readonly id: string;
  readonly key: string;
  readonly deleted: boolean;
}

export interface TopicRecord {
  readonly topic: string;
  readonly partition: number;
  readonly offset: number;
  /** LogAppendTime. */
  readonly at: number;
  readonly key: string;
  /** From the CloudEvents headers; null where a record has none. */
  readonly id: string | null;
  readonly source: string | null;
  readonly type: string | null;
  readonly subject: string | null;
  readonly sequence: number | null;
  readonly traceId: string | null;
}

export interface GroupOffset {
  readonly group: string;
  readonly topic: string;
  readonly partition: number;
  /** The next offset that the group would read; -1 where it has committed none. */
  readonly committed: number;
  /** The end of the partition. */
  readonly end: number;
}
