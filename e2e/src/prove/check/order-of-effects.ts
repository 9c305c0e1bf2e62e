import { partitionOf, publishers, type Service, services } from '@waybill/contracts';
import type { ChangeRow } from '../record.js';
import { Findings } from './findings.js';
import type { EventTrail, RecordIndex } from './record-index.js';
import { isStep, subscribersOf, type Table, tableOf } from './saga.js';
import type { Verdict } from './verdict.js';

/**
 * I5. What happens to one aggregate happens in the order of its versions:
 *
 * - In the topic, on the partition of its key, each version shows for the first time after the version before it. Later
 *   copies may come in any order.
 * - Each consumer has handled its events in that order, without a step back, and none while an earlier one that it
 *   handles was not handled. What an operator discarded is no skip.
 * - Its changes rise by one version each, along the saga's tables, up to the row as it stands.
 */
export function checkOrderOfEffects(index: RecordIndex): Verdict {
  const findings = new Findings('I5', "an aggregate's effects happen in the order of its versions");
  for (const service of services) {
    for (const versions of index.aggregates[service].values()) {
      checkTopic(findings, service, versions);
      for (const consumer of services) {
        checkConsumer(findings, consumer, versions);
      }
    }
    checkChanges(index, findings, tableOf[service]);
  }
  return findings.verdict();
}

function checkTopic(findings: Findings, service: Service, versions: readonly EventTrail[]): void {
  const { topic } = publishers[service];
  let before: EventTrail | undefined;
  for (const trail of versions) {
    const { row, first, elsewhere } = trail;
    if (first !== undefined) {
      findings.look();
      const home = partitionOf(topic, row.partitionKey);
      const stray = first.partition === home ? elsewhere : first;
      if (stray !== undefined) {
        findings.violate(row.partitionKey, `${row.type} stands in partition ${stray.partition} of ${topic}, and its key belongs to ${home}`);
      } else if (before !== undefined && (before.first === undefined || before.first.offset > first.offset)) {
        const where = before.first === undefined ? 'is not there' : `at ${before.first.offset}`;
        findings.violate(
          row.partitionKey,
          `version ${row.version} of ${row.aggregateId} shows at ${topic}/${home}@${first.offset}, version ${before.row.version} ${where}`,
        );
      }
    }
    before = trail;
  }
}

function checkConsumer(findings: Findings, consumer: Service, versions: readonly EventTrail[]): void {
  let skipped: EventTrail | undefined;
  let before: EventTrail | undefined;
  for (const trail of versions) {
    const { row } = trail;
    if (!subscribersOf(row.type).includes(consumer)) {
      continue;
    }
    findings.look();
    const handled = trail[consumer];
    if (handled === undefined) {
      skipped ??= trail;
      continue;
    }
    if (handled.outcome === 'discarded') {
      continue;
    }
    if (skipped !== undefined) {
      findings.violate(row.partitionKey, `${consumer} has handled version ${row.version} of ${row.aggregateId}, and not version ${skipped.row.version}`);
    }
    const earlier = before?.[consumer];
    if (before !== undefined && earlier !== undefined && earlier.serial > handled.serial) {
      findings.violate(row.partitionKey, `${consumer} has handled version ${row.version} of ${row.aggregateId} before version ${before.row.version}`);
    }
    before = trail;
  }
}

function checkChanges(index: RecordIndex, findings: Findings, table: Table): void {
  for (const [orderId, changes] of index.changes[table]) {
    let before: ChangeRow | undefined;
    for (const change of changes) {
      findings.look();
      const problem = problemOf(table, before, change);
      if (problem !== undefined) {
        findings.violate(orderId, problem);
      }
      before = change;
    }
    const now = rowOf(index, table, orderId);
    if (now !== undefined && (now.version !== before?.version || now.status !== before.status)) {
      findings.violate(
        orderId,
        `${table}: the last change was to ${before?.status} version ${before?.version}, and the row is ${now.status} version ${now.version}`,
      );
    }
  }
}

function problemOf(table: Table, before: ChangeRow | undefined, change: ChangeRow): string | undefined {
  const { status, version } = change;
  const from = before === undefined ? 'nothing' : `${before.status} version ${before.version}`;
  const step = `${table}: from ${from} to ${status} version ${version}`;
  if (!isStep(table, before?.status ?? '', status ?? '')) {
    return `${step}, which no table leads to`;
  }
  const expected = (before?.version ?? 0) + (keepsVersion(table, change) ? 0 : 1);
  const tombstone = table === 'reservations' && before === undefined && status === 'RELEASED';
  return version === (tombstone ? 0 : expected) ? undefined : `${step}, and ${tombstone ? 0 : expected} was next`;
}

/** A shipment that is called back has nothing to tell before the carrier has answered. */
function keepsVersion(table: Table, { status }: ChangeRow): boolean {
  return table === 'shipments' && status === 'CANCELLING';
}

function rowOf({ orders, reservations, shipments }: RecordIndex, table: Table, orderId: string) {
  switch (table) {
    case 'orders':
      return orders.get(orderId);
    case 'reservations':
      return reservations.get(orderId);
    case 'shipments':
      return shipments.get(orderId);
  }
}
