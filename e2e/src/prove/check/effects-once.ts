import { type Service, services } from '@waybill/contracts';
import { Findings } from './findings.js';
import type { EventTrail, RecordIndex } from './record-index.js';
import { nameOf, type Table, tableOf } from './saga.js';
import type { Verdict } from './verdict.js';

/**
 * I2. No effect twice:
 *
 * - No consumer has two dedup rows of one event, also not with one of them deleted since.
 * - No aggregate has announced two things with one version, or the same thing twice: no story has a step twice.
 * - No aggregate has been changed to the same version and status twice.
 * - What an event has caused was committed with its dedup row, in one transaction: without that, once is luck. (The answer
 *   of the carrier comes in a transaction of its own, and is left out.)
 *
 * Stock that moved twice is found by I8, transaction by transaction.
 */
export function checkEffectsOnce(index: RecordIndex): Verdict {
  const findings = new Findings('I2', 'no effect happens twice');
  findings.look(index.record.handled.length);
  for (const { consumer, source, id, topic, partition, offset, subject } of index.handledAgain) {
    const orderId = index.trailOf(source, id)?.row.partitionKey ?? subject;
    findings.violate(orderId, `${consumer} has handled ${id} again, from ${topic}/${partition}@${offset}`);
  }
  for (const service of services) {
    for (const versions of index.aggregates[service].values()) {
      checkAnnouncements(findings, versions);
    }
    for (const trail of index.trails[service].values()) {
      checkTransaction(index, findings, service, trail);
    }
    checkChanges(index, findings, tableOf[service]);
  }
  return findings.verdict();
}

function checkAnnouncements(findings: Findings, versions: readonly EventTrail[]): void {
  findings.look(versions.length);
  versions.forEach(({ row }, at) => {
    for (const { row: before } of versions.slice(0, at)) {
      if (before.version === row.version) {
        findings.violate(row.partitionKey, `version ${row.version} of ${row.aggregateId} was announced twice: ${before.type} and ${row.type}`);
      } else if (before.type === row.type) {
        findings.violate(row.partitionKey, `${row.type} of ${row.aggregateId} was announced twice, as version ${before.version} and ${row.version}`);
      }
    }
  });
}

function checkTransaction(index: RecordIndex, findings: Findings, service: Service, { row }: EventTrail): void {
  if (row.causationId === null || isAnswerOfCarrier(service, row)) {
    return;
  }
  const cause = causeOf(index, row.causationId);
  // A cause that is in no ledger is a ghost, and convicted as such.
  if (cause === undefined) {
    return;
  }
  findings.look();
  const handled = cause[service];
  if (handled === undefined) {
    findings.violate(row.partitionKey, `${service} has announced ${row.type} because of ${cause.row.id}, and has no dedup row of that`);
  } else if (handled.txid !== row.txid) {
    findings.violate(
      row.partitionKey,
      `${service} has announced ${row.type} in transaction ${row.txid}, and remembered its cause ${cause.row.id} in ${handled.txid}`,
    );
  }
}

/** The worker announces what the carrier said: with what was asked as the cause, and later than that. */
function isAnswerOfCarrier(service: Service, { type, version }: EventTrail['row']): boolean {
  return service === 'shipping' && version > 1 && nameOf(type) !== 'waybill.shipment.requested';
}

function causeOf(index: RecordIndex, id: string): EventTrail | undefined {
  return index.trails.orders.get(id) ?? index.trails.inventory.get(id) ?? index.trails.shipping.get(id);
}

function checkChanges(index: RecordIndex, findings: Findings, table: Table): void {
  for (const [orderId, changes] of index.changes[table]) {
    findings.look(changes.length);
    changes.forEach((change, at) => {
      if (changes.slice(0, at).some(({ version, status }) => version === change.version && status === change.status)) {
        findings.violate(orderId, `${table} was changed to ${change.status} version ${change.version} twice`);
      }
    });
  }
}
