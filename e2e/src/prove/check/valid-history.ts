import { consumers, deadLetterTopic, partitionOf, partitionsOf, publishers, type Service, services } from '@waybill/contracts';
import type {
  ChangeRow,
  ClientRequest,
  DeadRecordRow,
  FaultSpan,
  HandledRow,
  LabelState,
  LedgerRow,
  OrderState,
  ParkedRow,
  ReservationState,
  RunRecord,
  ShipmentState,
  StockState,
  TopicRecord,
  WaitingRow,
} from '../record.js';
import { nameOf, subscribersOf, type Table } from './saga.js';

type Mutable<T> = { -readonly [K in keyof T]: T[K] };
type Line = OrderState['lines'][number];

export interface HistoryOptions {
  readonly seed: number;
  readonly orders: number;
  /** How much goes wrong, and is put right or can be listed: 0 for none of it; 1. */
  readonly trouble?: number;
}

const STARTED_AT = 1_764_000_000_000;
const PIECES = 1_000_000;

/**
 * The record of a run in which everything was kept: a small simulation of the three services, their outboxes and inboxes,
 * with all that may rightly happen. Records come twice, requests get no answer and are sent again, events fail and are
 * tried later, die, are discarded, are held; orders are cancelled at any moment; the carrier refuses, and its answers come
 * late. The same seed gives the same record.
 */
export function validHistory(options: HistoryOptions): RunRecord {
  return new Simulation(options).run();
}

/** A consumer's events of one key and one topic: one after another, and none past one that is dead. */
interface Lane {
  readyAt: number;
  dead: boolean;
  waiting: LedgerRow[];
}

class Simulation {
  private readonly random: () => number;
  private readonly trouble: number;
  private readonly agenda = new Agenda();
  private now = 0;
  private ids = 0;

  private readonly requests: ClientRequest[] = [];
  private readonly faults: FaultSpan[] = [];
  private readonly ledger: LedgerRow[] = [];
  private readonly handled: HandledRow[] = [];
  private readonly changes: ChangeRow[] = [];
  private readonly outbox: WaitingRow[] = [];
  private readonly parked: ParkedRow[] = [];
  private readonly deadRecords: DeadRecordRow[] = [];
  private readonly records: TopicRecord[] = [];
  private readonly planted: { topic: string; partition: number; offset: number }[] = [];

  private readonly orders = new Map<string, Mutable<OrderState>>();
  private readonly reservations = new Map<string, Mutable<ReservationState>>();
  private readonly shipments = new Map<string, Mutable<ShipmentState>>();
  private readonly labels = new Map<string, Mutable<LabelState>>();
  private readonly stock = new Map<string, Mutable<StockState>>();

  private readonly serials: Record<Service, number> = { orders: 0, inventory: 0, shipping: 0 };
  private readonly transactions: Record<Service, { id: number; at: number }> = {
    orders: { id: 700, at: -1 },
    inventory: { id: 9_000, at: -1 },
    shipping: { id: 400, at: -1 },
  };
  private readonly ends = new Map<string, number>();
  private readonly lanes = new Map<string, Lane>();
  private readonly heldAggregates = new Set<string>();
  private readonly sentAt = new Map<string, number>();
  private readonly places = new Map<string, TopicRecord>();

  constructor(private readonly options: HistoryOptions) {
    this.random = mulberry32(options.seed);
    this.trouble = options.trouble ?? 1;
    for (const sku of ['ANVIL', 'BOLT', 'CRATE']) {
      this.stock.set(sku, { sku, onHand: PIECES, reserved: 0 });
    }
    this.stock.set('NOTHING', { sku: 'NOTHING', onHand: 0, reserved: 0 });
  }

  run(): RunRecord {
    const { seed, orders } = this.options;
    const initialStock = Object.fromEntries([...this.stock.values()].map(({ sku, onHand }) => [sku, onHand]));
    const durationMs = Math.max(2_000, orders * 8);
    for (let wish = 0; wish < orders; wish++) {
      this.agenda.add((durationMs * wish) / orders, () => this.customer(wish));
    }
    if (this.trouble > 0) {
      this.agenda.add(durationMs / 2, () => this.plantRubbish());
      this.faults.push(fault('kill', 'inventory-2', durationMs * 0.2, durationMs * 0.25, 400));
    }
    this.faults.push(fault('rolling', 'orders', durationMs * 0.6, durationMs * 0.8, 300));
    for (let next = this.agenda.next(); next !== undefined; next = this.agenda.next()) {
      this.now = next.at;
      next.act();
    }
    this.records.sort(byPlace);
    return {
      run: {
        seed,
        startedAt: STARTED_AT,
        instances: 2,
        faultKinds: ['kill', 'rolling'],
        exhibit: null,
        ordersWanted: orders,
        loadEndedMs: durationMs,
        healedMs: durationMs,
        quietMs: this.now + 1,
        quietBoundMs: 60_000,
        initialStock,
        platform: { node: 'v24.0.0', cpus: 2, commit: null },
      },
      requests: this.requests.sort((one, other) => one.startMs - other.startMs),
      faults: this.faults,
      samples: [],
      ledger: this.ledger,
      handled: this.handled,
      changes: this.changes,
      outbox: this.outbox,
      parked: this.parked,
      deadRecords: this.deadRecords,
      orders: [...this.orders.values()],
      reservations: [...this.reservations.values()],
      shipments: [...this.shipments.values()],
      stock: [...this.stock.values()],
      labels: [...this.labels.values()],
      records: this.records,
      offsets: this.offsets(),
      ...(this.planted.length === 0 ? {} : { planted: this.planted }),
      replay: {
        orders: { before: 'a1', after: 'a1' },
        inventory: { before: 'b2', after: 'b2' },
        shipping: { before: 'c3', after: 'c3' },
      },
    };
  }

  // The customer.

  private customer(wish: number): void {
    const scenario = this.pick(['good', 'good', 'good', 'no-stock', 'cancelled', 'cancelled', 'twin', 'keyless']);
    const key = scenario === 'keyless' ? null : `wish-${wish}`;
    const lines = this.linesOf(scenario);
    const orderId = this.place(wish, scenario, key, lines);
    if (scenario === 'twin') {
      this.attempt({ kind: 'place', wish, scenario, key, result: 'ok', orderId: orderId ?? this.placed(lines) });
    }
    if (scenario === 'cancelled' && orderId !== undefined) {
      this.later(this.between(1, 400), () => this.cancel(wish, scenario, orderId));
    }
  }

  /** The order's id, where an answer told it. */
  private place(wish: number, scenario: string, key: string | null, lines: readonly Line[]): string | undefined {
    let orderId: string | undefined;
    // An answer that got lost, or a request that did: with a key the customer asks again, and may give up.
    while (this.happens(0.15) && !this.inRollingRestart()) {
      if (this.happens(0.5, 1)) {
        orderId ??= this.placed(lines);
      }
      this.attempt({ kind: 'place', wish, scenario, key, result: 'unknown', orderId: null });
      if (key === null || this.happens(0.2)) {
        return undefined;
      }
    }
    if (this.happens(0.03)) {
      this.attempt({ kind: 'place', wish, scenario, key, result: 'fail', orderId: null, status: 409 });
    }
    orderId ??= this.placed(lines);
    this.attempt({ kind: 'place', wish, scenario, key, result: 'ok', orderId });
    return orderId;
  }

  private placed(lines: readonly Line[]): string {
    const id = this.newId();
    const tx = this.transaction('orders');
    this.orders.set(id, { id, status: 'PLACED', version: 1, reason: null, lines });
    this.change('orders', tx, 'orders', id, 1, 'PLACED');
    this.append('orders', tx, { aggregateId: id, version: 1, type: 'waybill.order.placed.v1', orderId: id });
    return id;
  }

  private cancel(wish: number, scenario: string, orderId: string): void {
    const order = this.orders.get(orderId)!;
    const lost = this.happens(0.1) && !this.inRollingRestart();
    if (lost && this.happens(0.5, 1)) {
      this.attempt({ kind: 'cancel', wish, scenario, key: null, result: 'unknown', orderId });
      return;
    }
    if (order.status === 'PLACED') {
      this.stepOrder(order, 'CANCELLED', 'waybill.order.cancelled.v1', this.transaction('orders'));
    } else if (order.status === 'CONFIRMED') {
      this.stepOrder(order, 'CANCELLING', 'waybill.order.cancellation-requested.v1', this.transaction('orders'));
    }
    const status = order.status === 'CANCELLED' ? 200 : order.status === 'CANCELLING' ? 202 : 409;
    const result = lost ? 'unknown' : status === 409 ? 'fail' : 'ok';
    this.attempt({ kind: 'cancel', wish, scenario, key: null, result, orderId, status });
  }

  private attempt(of: Pick<ClientRequest, 'kind' | 'wish' | 'scenario' | 'key' | 'result' | 'orderId'> & { status?: number }): void {
    const status = of.result === 'unknown' ? null : (of.status ?? 201);
    this.requests.push({
      ...of,
      instance: `orders-${1 + Math.floor(this.random() * 2)}`,
      startMs: this.now,
      endMs: this.now + this.between(2, 20),
      status,
      answerHash: of.result === 'ok' && of.kind === 'place' ? `hash of ${of.orderId}` : null,
      error: of.result === 'unknown' ? 'ECONNRESET' : null,
    });
  }

  private linesOf(scenario: string): Line[] {
    const some = { sku: this.pick(['ANVIL', 'BOLT', 'CRATE']), quantity: 1 + Math.floor(this.random() * 3) };
    if (scenario === 'no-stock') {
      return [some, { sku: 'NOTHING', quantity: 1 }];
    }
    // The same SKU may stand on two lines.
    return this.happens(0.3, 1) ? [some, { sku: 'BOLT', quantity: 2 }] : [some];
  }

  // The three services.

  private effect(consumer: Service, event: LedgerRow, tx: string): void {
    const orderId = event.partitionKey;
    switch (consumer) {
      case 'orders':
        return this.orderHears(this.orders.get(orderId)!, event, tx);
      case 'inventory':
        return this.inventoryHears(orderId, event, tx);
      case 'shipping':
        return this.shippingHears(orderId, event, tx);
    }
  }

  private orderHears(order: Mutable<OrderState>, event: LedgerRow, tx: string): void {
    const { status } = order;
    const asked = status === 'CONFIRMED' || status === 'CANCELLING';
    switch (nameOf(event.type)) {
      case 'waybill.stock.reserved':
        return status === 'PLACED' ? this.stepOrder(order, 'CONFIRMED', 'waybill.order.confirmed.v1', tx, event) : undefined;
      case 'waybill.stock.rejected':
        return status === 'PLACED' ? this.stepOrder(order, 'REJECTED', 'waybill.order.rejected.v1', tx, event) : undefined;
      case 'waybill.shipment.dispatched':
        return asked ? this.stepOrder(order, 'SHIPPED', 'waybill.order.shipped.v1', tx, event) : undefined;
      default:
        return asked ? this.stepOrder(order, 'CANCELLED', 'waybill.order.cancelled.v1', tx, event) : undefined;
    }
  }

  private stepOrder(order: Mutable<OrderState>, status: string, type: string, tx: string, cause?: LedgerRow): void {
    order.status = status;
    order.version += 1;
    order.reason = status === 'SHIPPED' || status === 'CONFIRMED' ? order.reason : (order.reason ?? 'for a reason');
    this.change('orders', tx, 'orders', order.id, order.version, status);
    this.append('orders', tx, { aggregateId: order.id, version: order.version, type, orderId: order.id, cause });
  }

  private inventoryHears(orderId: string, event: LedgerRow, tx: string): void {
    const held = this.reservations.get(orderId);
    const lines = this.orders.get(orderId)!.lines;
    const become = (reservation: Mutable<ReservationState>, type: string | undefined) => {
      this.reservations.set(orderId, reservation);
      this.change('inventory', tx, 'reservations', orderId, reservation.version, reservation.status);
      if (type !== undefined) {
        this.append('inventory', tx, { aggregateId: orderId, version: reservation.version, type, orderId, cause: event });
      }
    };
    switch (nameOf(event.type)) {
      case 'waybill.order.placed': {
        if (held !== undefined) {
          return;
        }
        const enough = !lines.some(({ sku }) => sku === 'NOTHING');
        if (enough) {
          this.moveStock(tx, lines, 0, 1);
        }
        return become(
          { orderId, status: enough ? 'RESERVED' : 'REJECTED', version: 1, lines },
          enough ? 'waybill.stock.reserved.v1' : 'waybill.stock.rejected.v1',
        );
      }
      case 'waybill.order.cancelled':
        if (held === undefined) {
          return become({ orderId, status: 'RELEASED', version: 0, lines }, undefined);
        }
        if (held.status === 'RESERVED') {
          this.moveStock(tx, lines, 0, -1);
          become({ ...held, status: 'RELEASED', version: held.version + 1 }, 'waybill.stock.released.v1');
        }
        return;
      default:
        if (held?.status === 'RESERVED') {
          this.moveStock(tx, lines, -1, -1);
          become({ ...held, status: 'SHIPPED', version: held.version + 1 }, 'waybill.stock.shipped.v1');
        }
    }
  }

  private moveStock(tx: string, lines: readonly Line[], onHand: number, reserved: number): void {
    const demand = new Map<string, number>();
    for (const { sku, quantity } of lines) {
      demand.set(sku, (demand.get(sku) ?? 0) + quantity);
    }
    for (const [sku, quantity] of demand) {
      const stock = this.stock.get(sku)!;
      stock.onHand += onHand * quantity;
      stock.reserved += reserved * quantity;
      this.changes.push({
        ...this.stamp('inventory', tx),
        table: 'stock',
        id: sku,
        version: null,
        status: null,
        onHand: onHand * quantity,
        reserved: reserved * quantity,
      });
    }
  }

  private shippingHears(orderId: string, event: LedgerRow, tx: string): void {
    const shipment = this.shipments.get(orderId);
    if (nameOf(event.type) === 'waybill.order.confirmed') {
      if (shipment === undefined) {
        const requested = { id: this.newId(), orderId, status: 'REQUESTED', version: 0, labelId: null };
        this.shipments.set(orderId, requested);
        this.stepShipment(requested, 'REQUESTED', 'waybill.shipment.requested.v1', tx, event);
        this.later(this.between(5, 300), () => this.carrierAnswers(requested, event));
      }
    } else if (shipment === undefined) {
      const tombstone = { id: this.newId(), orderId, status: 'CANCELLED', version: 0, labelId: null };
      this.shipments.set(orderId, tombstone);
      this.stepShipment(tombstone, 'CANCELLED', 'waybill.shipment.cancelled.v1', tx, event);
    } else if (shipment.status === 'REQUESTED') {
      shipment.status = 'CANCELLING';
      this.change('shipping', tx, 'shipments', orderId, shipment.version, 'CANCELLING');
    }
  }

  private stepShipment(shipment: Mutable<ShipmentState>, status: string, type: string, tx: string, cause: LedgerRow): void {
    shipment.status = status;
    shipment.version += 1;
    const { id, orderId, version } = shipment;
    this.change('shipping', tx, 'shipments', orderId, version, status);
    this.append('shipping', tx, { aggregateId: id, version, type, orderId, cause });
  }

  private carrierAnswers(shipment: Mutable<ShipmentState>, cause: LedgerRow): void {
    const tx = this.transaction('shipping');
    const called = shipment.status === 'CANCELLING';
    if (this.happens(0.15, 1)) {
      this.stepShipment(
        shipment,
        called ? 'CANCELLED' : 'FAILED',
        called ? 'waybill.shipment.cancelled.v1' : 'waybill.shipment.failed.v1',
        tx,
        cause,
      );
      return;
    }
    const label = { id: `label-of-${shipment.id}`, key: shipment.id, deleted: called && this.happens(0.7, 1) };
    this.labels.set(shipment.id, label);
    if (label.deleted) {
      return this.stepShipment(shipment, 'CANCELLED', 'waybill.shipment.cancelled.v1', tx, cause);
    }
    shipment.labelId = label.id;
    this.stepShipment(shipment, 'DISPATCHED', 'waybill.shipment.dispatched.v1', tx, cause);
  }

  // Databases: changes, outbox.

  /** One of its own; or the one before, when it has hardly ended: a chunk. */
  private transaction(service: Service): string {
    const last = this.transactions[service];
    if (this.now - last.at > 3 || !this.happens(0.7, 1)) {
      last.id += 1 + Math.floor(this.random() * 3);
      last.at = this.now;
    }
    return String(last.id);
  }

  private stamp(service: Service, txid: string) {
    this.serials[service] += 1;
    return { service, serial: this.serials[service], txid, at: STARTED_AT + this.now };
  }

  private change(service: Service, tx: string, table: Table, id: string, version: number, status: string): void {
    this.changes.push({ ...this.stamp(service, tx), table, id, version, status, onHand: null, reserved: null });
  }

  private append(
    service: Service,
    tx: string,
    event: { aggregateId: string; version: number; type: string; orderId: string; cause?: LedgerRow | undefined },
  ): void {
    const { topic, aggregateType } = publishers[service];
    const row: LedgerRow = {
      ...this.stamp(service, tx),
      id: this.newId(),
      topic,
      aggregateType,
      aggregateId: event.aggregateId,
      version: event.version,
      type: event.type,
      partitionKey: event.orderId,
      causationId: event.cause?.id ?? null,
      raw: false,
    };
    this.ledger.push(row);
    const aggregate = `${aggregateType} ${row.aggregateId}`;
    if (this.heldAggregates.has(aggregate) || this.happens(0.01)) {
      const held = !this.heldAggregates.has(aggregate);
      this.heldAggregates.add(aggregate);
      this.outbox.push({ service, id: row.id, partitionKey: row.partitionKey, held, error: held ? 'too large' : null });
      return;
    }
    const at = Math.max(this.now + this.between(1, 20), (this.sentAt.get(aggregate) ?? 0) + 0.01);
    this.sentAt.set(aggregate, at);
    this.agenda.add(at, () => this.publish(row));
  }

  private appendLetter(consumer: Service, topic: string, key: string, source: string | null, id: string | null): void {
    const letter = deadLetterTopic(topic, consumer);
    this.ledger.push({
      ...this.stamp(consumer, this.transaction(consumer)),
      id: this.newId(),
      topic: letter,
      aggregateType: `dlt:${consumer}`,
      aggregateId: this.newId(),
      version: 1,
      type: 'raw',
      partitionKey: key,
      causationId: null,
      raw: true,
    });
    this.later(this.between(1, 20), () => {
      this.records.push({ ...this.takePlace(letter, 0), key, id, source, type: null, subject: null, sequence: null, traceId: null });
    });
  }

  // Topics, and what the consumers make of them.

  private publish(row: LedgerRow): void {
    this.send(row);
    const copies = this.happens(0.08) ? 1 + Math.floor(this.random() * 3) : 0;
    for (let copy = 0; copy < copies; copy++) {
      this.later(this.between(1, 500), () => this.send(row));
    }
    for (const consumer of subscribersOf(row.type)) {
      this.deliver(consumer, row);
    }
  }

  private send({ service, topic, partitionKey, id, type, aggregateId, version }: LedgerRow): void {
    const record: TopicRecord = {
      ...this.takePlace(topic, partitionOf(topic, partitionKey)),
      key: partitionKey,
      id,
      source: publishers[service].source,
      type,
      subject: aggregateId,
      sequence: version,
      traceId: null,
    };
    this.records.push(record);
    if (!this.places.has(id)) {
      this.places.set(id, record);
    }
  }

  private takePlace(topic: string, partition: number) {
    const offset = this.ends.get(`${topic} ${partition}`) ?? 0;
    this.ends.set(`${topic} ${partition}`, offset + 1);
    return { topic, partition, offset, at: STARTED_AT + this.now };
  }

  private deliver(consumer: Service, row: LedgerRow): void {
    const name = `${consumer} ${row.topic} ${row.partitionKey}`;
    const lane = this.lanes.get(name) ?? { readyAt: 0, dead: false, waiting: [] };
    this.lanes.set(name, lane);
    if (lane.dead) {
      lane.waiting.push(row);
      this.parked.push(this.parkedRow(consumer, row, 'waiting'));
      return;
    }
    // An event that fails is tried again a good while later, and what is behind it waits.
    const delay = this.happens(0.05) ? this.between(200, 2_000) : this.between(1, 30);
    lane.readyAt = Math.max(this.now + delay, lane.readyAt + 0.01);
    if (this.happens(0.01)) {
      lane.dead = true;
      this.agenda.add(lane.readyAt, () => this.bury(consumer, row, lane));
    } else {
      this.agenda.add(lane.readyAt, () => this.handle(consumer, row));
    }
  }

  private bury(consumer: Service, row: LedgerRow, lane: Lane): void {
    const dead = this.parkedRow(consumer, row, 'dead');
    this.parked.push(dead);
    this.appendLetter(consumer, row.topic, row.partitionKey, dead.source, row.id);
    if (!this.happens(0.5, 1)) {
      return;
    }
    this.later(this.between(100, 1_000), () => {
      this.remember(consumer, row, this.transaction(consumer), 'discarded');
      const behind = lane.waiting.splice(0);
      lane.dead = false;
      lane.readyAt = Math.max(lane.readyAt, this.now);
      const left = this.parked.filter((each) => !(each.consumer === consumer && [row, ...behind].some(({ id }) => id === each.id)));
      this.parked.splice(0, this.parked.length, ...left);
      for (const each of behind) {
        lane.readyAt += 0.01;
        this.agenda.add(lane.readyAt, () => this.handle(consumer, each));
      }
    });
  }

  private handle(consumer: Service, row: LedgerRow): void {
    const tx = this.transaction(consumer);
    this.remember(consumer, row, tx, 'done');
    this.effect(consumer, row, tx);
  }

  private remember(consumer: Service, row: LedgerRow, tx: string, outcome: string): void {
    const { topic, partition, offset } = this.places.get(row.id)!;
    this.handled.push({
      ...this.stamp(consumer, tx),
      consumer,
      source: publishers[row.service].source,
      id: row.id,
      outcome,
      topic,
      partition,
      offset,
      subject: row.aggregateId,
      sequence: row.version,
    });
  }

  private parkedRow(consumer: Service, row: LedgerRow, state: 'waiting' | 'dead'): ParkedRow {
    const { topic, partition, offset } = this.places.get(row.id)!;
    return {
      service: consumer,
      consumer,
      source: publishers[row.service].source,
      id: row.id,
      topic,
      partition,
      offset,
      key: row.partitionKey,
      type: row.type,
      subject: row.aggregateId,
      sequence: row.version,
      state,
      attempts: state === 'dead' ? 12 : 0,
      error: state === 'dead' ? 'it cannot be' : null,
    };
  }

  private plantRubbish(): void {
    const { topic } = publishers.orders;
    const place = this.takePlace(topic, 3);
    this.records.push({ ...place, key: '', id: null, source: null, type: null, subject: null, sequence: null, traceId: null });
    this.planted.push({ topic, partition: place.partition, offset: place.offset });
    this.buryRubbish(place);
    // A copy, which another stranger makes of it.
    const copy = this.takePlace(topic, 3);
    this.records.push({ ...copy, key: '', id: null, source: null, type: null, subject: null, sequence: null, traceId: null });
    this.buryRubbish(copy);
  }

  private buryRubbish(place: Pick<TopicRecord, 'topic' | 'partition' | 'offset'>): void {
    const { topic } = place;
    for (const consumer of services.filter((service) => consumers[service].includes('orders'))) {
      this.deadRecords.push({
        service: consumer,
        consumer,
        topic,
        partition: place.partition,
        offset: place.offset,
        reason: 'header ce_id is missing',
      });
      this.appendLetter(consumer, topic, '', null, null);
    }
  }

  private offsets(): RunRecord['offsets'] {
    return services.flatMap((consumer) =>
      consumers[consumer].flatMap((publisher) => {
        const { topic } = publishers[publisher];
        return Array.from({ length: partitionsOf(topic) }, (_, partition) => {
          const end = this.ends.get(`${topic} ${partition}`) ?? 0;
          return { group: `waybill-${consumer}`, topic, partition, committed: end === 0 ? -1 : end, end };
        });
      }),
    );
  }

  // Chance.

  /** With this probability, times how much trouble there is; unless it is part of any day. */
  private happens(probability: number, trouble = this.trouble): boolean {
    return this.random() < probability * trouble;
  }

  private between(from: number, to: number): number {
    return from + this.random() * (to - from);
  }

  private pick<T>(from: readonly T[]): T {
    return from[Math.floor(this.random() * from.length)]!;
  }

  private later(delayMs: number, act: () => void): void {
    this.agenda.add(this.now + delayMs, act);
  }

  private inRollingRestart(): boolean {
    return this.faults.some(({ kind, startMs, endMs }) => kind === 'rolling' && this.now >= startMs && this.now <= endMs);
  }

  private newId(): string {
    this.ids += 1;
    return `01930000-0000-7000-8000-${this.ids.toString(16).padStart(12, '0')}`;
  }
}

interface Entry {
  readonly at: number;
  readonly turn: number;
  readonly act: () => void;
}

/** What is to be done, the earliest first: a binary heap. */
class Agenda {
  private readonly heap: Entry[] = [];
  private turns = 0;

  add(at: number, act: () => void): void {
    const { heap } = this;
    const entry = { at, turn: this.turns++, act };
    let place = heap.length;
    heap.push(entry);
    for (let parent = (place - 1) >> 1; place > 0 && isEarlier(entry, heap[parent]!); parent = (place - 1) >> 1) {
      heap[place] = heap[parent]!;
      place = parent;
    }
    heap[place] = entry;
  }

  next(): Entry | undefined {
    const { heap } = this;
    const [first] = heap;
    const last = heap.pop();
    if (first === undefined || last === undefined || heap.length === 0) {
      return first;
    }
    let place = 0;
    for (;;) {
      const left = 2 * place + 1;
      const child = left + 1 < heap.length && isEarlier(heap[left + 1]!, heap[left]!) ? left + 1 : left;
      if (child >= heap.length || !isEarlier(heap[child]!, last)) {
        break;
      }
      heap[place] = heap[child]!;
      place = child;
    }
    heap[place] = last;
    return first;
  }
}

function isEarlier(one: Entry, other: Entry): boolean {
  return one.at < other.at || (one.at === other.at && one.turn < other.turn);
}

function byPlace(one: TopicRecord, other: TopicRecord): number {
  return (
    (one.topic < other.topic ? -1 : one.topic > other.topic ? 1 : 0) || one.partition - other.partition || one.offset - other.offset
  );
}

function fault(kind: string, target: string, startMs: number, endMs: number, recoveredMs: number): FaultSpan {
  return { kind, target, detail: '', startMs, endMs, recoveredMs };
}

/** A small generator of random numbers with a seed: enough for histories, not for secrets. */
export function mulberry32(seed: number): () => number {
  let state = seed >>> 0;
  return () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let mixed = Math.imul(state ^ (state >>> 15), state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 4_294_967_296;
  };
}
