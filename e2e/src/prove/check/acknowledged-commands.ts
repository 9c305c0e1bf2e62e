import { type Service, services } from '@waybill/contracts';
import type { ClientRequest } from '../record.js';
import { Findings } from './findings.js';
import type { EventTrail, RecordIndex } from './record-index.js';
import { lacksEffect, nameOf, subscribersOf } from './saga.js';
import type { Verdict } from './verdict.js';

/**
 * I1. What was acknowledged is there, and everybody has heard of it:
 *
 * - `placed` was answered: there is the order, and its `order.placed`, version 1, was in the outbox.
 * - `cancelled` was answered (200): the order is CANCELLED, and `order.cancelled` was in the outbox; `will be seen to`
 *   (202): `order.cancellation-requested` was, and the order is CANCELLING, CANCELLED or SHIPPED.
 * - Every event that was in an outbox has a record in its topic, and in each service that handles its type one dedup row
 *   and its effect: no aggregate is still in a state that the effect would have ended.
 *
 * An event that is held, parked, dead or discarded is no loss: it can be listed. One that waits in an outbox, or is not
 * read yet, is a loss only once nothing moves any more. Answers that nobody got (`unknown`) promise nothing.
 */
export function checkAcknowledgedCommands(index: RecordIndex): Verdict {
  const findings = new Findings('I1', 'every accepted command has its change, its event, and one effect per subscriber');
  for (const request of index.record.requests) {
    if (request.result === 'ok') {
      checkAnswer(index, findings, request);
    }
  }
  let pending = 0;
  for (const service of services) {
    for (const trail of index.trails[service].values()) {
      pending += checkDelivery(index, findings, trail);
    }
  }
  if (pending > 0) {
    findings.remark(`${pending} deliveries still wait, are parked, or are dead`);
  }
  return findings.verdict();
}

function checkAnswer(index: RecordIndex, findings: Findings, { kind, status, orderId, wish }: ClientRequest): void {
  findings.look();
  if (orderId === null) {
    findings.violate(null, `wish ${wish}: the answer ${status} names no order`);
    return;
  }
  const order = index.orders.get(orderId);
  if (order === undefined) {
    findings.violate(orderId, `${kind} was answered ${status}, and there is no such order`);
    return;
  }
  const wanted =
    kind === 'place' ? 'waybill.order.placed' : status === 202 ? 'waybill.order.cancellation-requested' : 'waybill.order.cancelled';
  const written = index.aggregates.orders.get(orderId)?.find(({ row }) => nameOf(row.type) === wanted);
  if (written === undefined || (kind === 'place' && written.row.version !== 1)) {
    findings.violate(orderId, `${kind} was answered ${status}, and ${wanted} was never in the outbox`);
  }
  const kept = kind === 'place' || (status === 202 ? ['CANCELLING', 'CANCELLED', 'SHIPPED'] : ['CANCELLED']).includes(order.status);
  if (!kept) {
    findings.violate(orderId, `cancel was answered ${status}, and the order is ${order.status}`);
  }
}

/** Answers how many of its deliveries are still to come. */
function checkDelivery(index: RecordIndex, findings: Findings, trail: EventTrail): number {
  const { row, waiting, copies } = trail;
  const quiet = index.record.run.quietMs !== null;
  const told = `${row.type} version ${row.version} (${row.id})`;
  let pending = 0;
  findings.look();
  if (copies === 0 && waiting === undefined) {
    findings.violate(row.partitionKey, `${told} was in the outbox of ${row.service}, and neither the outbox nor ${row.topic} has it`);
  } else if (copies === 0 && quiet && !isHeldBack(index, trail)) {
    findings.violate(row.partitionKey, `${told} still waits in the outbox of ${row.service}, and nothing moves any more`);
  }
  for (const subscriber of subscribersOf(row.type)) {
    findings.look();
    switch (index.whereabouts(trail, subscriber)) {
      case 'handled':
        checkEffect(index, findings, trail, subscriber);
        break;
      case 'lost':
        if (copies > 0) {
          findings.violate(row.partitionKey, `${told} has had no effect in ${subscriber}, which has read past it`);
        }
        break;
      case 'unread':
        pending += 1;
        if (quiet) {
          findings.violate(row.partitionKey, `${told} has not been read by ${subscriber}, and nothing moves any more`);
        }
        break;
      case 'waiting':
      case 'parked':
      case 'dead':
        pending += 1;
    }
  }
  return pending;
}

/** Held itself, or behind a row of its aggregate that is. */
function isHeldBack({ aggregates }: RecordIndex, { row }: EventTrail): boolean {
  return aggregates[row.service].get(row.aggregateId)?.some(({ waiting }) => waiting?.held === true) === true;
}

function checkEffect(index: RecordIndex, findings: Findings, trail: EventTrail, subscriber: Service): void {
  const { row } = trail;
  const orderId = row.partitionKey;
  if (trail[subscriber]?.outcome === 'discarded') {
    return;
  }
  const status = statusAt(index, subscriber, orderId);
  if (lacksEffect(nameOf(row.type), subscriber, status)) {
    findings.violate(orderId, `${subscriber} took ${row.type} (${row.id}) for done, and its ${nounOf[subscriber]} is ${status}`);
  }
}

const nounOf: Readonly<Record<Service, string>> = { orders: 'order', inventory: 'reservation', shipping: 'shipment' };

function statusAt(index: RecordIndex, service: Service, orderId: string): string {
  const row =
    service === 'orders'
      ? index.orders.get(orderId)
      : service === 'inventory'
        ? index.reservations.get(orderId)
        : index.shipments.get(orderId);
  return row?.status ?? 'NONE';
}
