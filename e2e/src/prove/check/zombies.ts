import { services } from '@waybill/contracts';
import type { ChangeRow } from '../record.js';
import { Findings } from './findings.js';
import type { EventTrail, RecordIndex } from './record-index.js';
import { announcedBy, nameOf, tableOf } from './saga.js';
import type { Verdict } from './verdict.js';

/**
 * I4. No zombie: a change that owes an event has one, and an event has its change.
 *
 * - Every change of an order, a reservation or a shipment to a version has its event of that version in the outbox of the
 *   same service, of the type that its status announces, written by the same transaction.
 * - Every event in the ledger has such a change.
 * - Nothing has changed past its last event: the version that stands in the end is the last one announced.
 *
 * Two changes owe nothing: the tombstone of a reservation (version 0), and a shipment that is being called back
 * (CANCELLING, which keeps the version).
 */
export function checkZombies(index: RecordIndex): Verdict {
  const findings = new Findings('I4', 'no change without the event that it owes');
  for (const service of services) {
    const table = tableOf[service];
    const noun = table.slice(0, -1);
    const eventsOf = eventsByOrder(index, service);
    for (const [orderId, changes] of index.changes[table]) {
      const events = eventsOf(orderId);
      for (const change of changes) {
        findings.look();
        const problem = problemOf(change, events);
        if (problem !== undefined) {
          findings.violate(orderId, `the ${noun} became ${change.status} version ${change.version}, ${problem}`);
        }
      }
    }
    for (const trail of index.trails[service].values()) {
      const { type, version, partitionKey } = trail.row;
      findings.look();
      const changes = index.changes[table].get(partitionKey) ?? [];
      if (!changes.some((change) => change.version === version && announcedBy(change) === nameOf(type))) {
        findings.violate(partitionKey, `${type} version ${version} was in the outbox of ${service}, and no ${noun} has changed so`);
      }
    }
  }
  checkLastVersions(index, findings);
  return findings.verdict();
}

function problemOf(change: ChangeRow, events: readonly EventTrail[]): string | undefined {
  const owed = announcedBy(change);
  if (owed === undefined) {
    return undefined;
  }
  const same = events.filter(({ row }) => row.version === change.version);
  const found = same.find(({ row }) => nameOf(row.type) === owed);
  if (found === undefined) {
    return same[0] === undefined ? `and ${owed} was never in the outbox` : `which owes ${owed}, and announced ${same[0].row.type}`;
  }
  return found.row.txid === change.txid
    ? undefined
    : `in transaction ${change.txid}, and ${owed} was written by transaction ${found.row.txid}`;
}

/** Shipments have an id of their own: their events are found by the order. */
function eventsByOrder(index: RecordIndex, service: keyof typeof tableOf): (orderId: string) => readonly EventTrail[] {
  const { aggregates, shipments } = index;
  if (service !== 'shipping') {
    return (orderId) => aggregates[service].get(orderId) ?? [];
  }
  return (orderId) => aggregates.shipping.get(shipments.get(orderId)?.id ?? '') ?? [];
}

function checkLastVersions(index: RecordIndex, findings: Findings): void {
  const { record, aggregates } = index;
  const look = (orderId: string, what: string, version: number, events: readonly EventTrail[] | undefined) => {
    findings.look();
    const announced = events?.at(-1)?.row.version ?? 0;
    if (announced !== version) {
      findings.violate(orderId, `the ${what} is of version ${version}, and the last one announced is ${announced}`);
    }
  };
  for (const { id, version } of record.orders) {
    look(id, 'order', version, aggregates.orders.get(id));
  }
  for (const { orderId, version } of record.reservations) {
    look(orderId, 'reservation', version, aggregates.inventory.get(orderId));
  }
  for (const { orderId, id, version } of record.shipments) {
    look(orderId, 'shipment', version, aggregates.shipping.get(id));
  }
}
