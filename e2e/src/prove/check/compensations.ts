import { Findings } from './findings.js';
import type { EventTrail, RecordIndex } from './record-index.js';
import { nameOf } from './saga.js';
import type { Verdict } from './verdict.js';

/**
 * I10. Each compensation happens exactly once, and only where there is something to undo:
 *
 * - `stock.released` is announced because of the order's `order.cancelled`, once, and by a reservation that is RELEASED.
 *   A reservation that is RELEASED has announced it, unless it is a tombstone (version 0).
 * - Where nothing is under way or given up, no CANCELLED order has its stock still reserved, or shipped.
 * - A CANCELLED shipment has no label that is not deleted. A label is deleted only where the shipment is CANCELLED, or is
 *   being so.
 */
export function checkCompensations(index: RecordIndex): Verdict {
  const findings = new Findings('I10', 'each compensation happens exactly once');
  for (const versions of index.aggregates.inventory.values()) {
    checkReleases(index, findings, versions);
  }
  for (const { orderId, status, version } of index.record.reservations) {
    if (status === 'RELEASED') {
      findings.look();
      const released = releasesOf(index.aggregates.inventory.get(orderId) ?? []).length;
      if (released !== (version === 0 ? 0 : 1)) {
        findings.violate(orderId, `the reservation is RELEASED, version ${version}, and stock.released was announced ${released} times`);
      }
    }
  }
  for (const { id, status } of index.record.orders) {
    if (status === 'CANCELLED' && !index.excused.has(id) && !index.underWay.has(id)) {
      findings.look();
      const reservation = index.reservations.get(id)?.status ?? 'NONE';
      if (reservation !== 'RELEASED' && reservation !== 'REJECTED') {
        findings.violate(id, `the order is CANCELLED, and its reservation is ${reservation}`);
      }
    }
  }
  checkLabels(index, findings);
  const verdict = findings.verdict();
  return verdict.checked === 0 ? { ...verdict, remark: 'no order was cancelled: there was nothing to undo' } : verdict;
}

function checkReleases(index: RecordIndex, findings: Findings, versions: readonly EventTrail[]): void {
  const released = releasesOf(versions);
  released.forEach(({ row }, at) => {
    findings.look();
    const orderId = row.partitionKey;
    if (at > 0) {
      findings.violate(orderId, `stock.released was announced again, as version ${row.version}`);
    }
    const cause = row.causationId === null ? undefined : index.trails.orders.get(row.causationId);
    if (cause === undefined || nameOf(cause.row.type) !== 'waybill.order.cancelled' || cause.row.partitionKey !== orderId) {
      findings.violate(orderId, `stock.released was announced because of ${row.causationId}, which is no cancellation of this order`);
    }
    const status = index.reservations.get(orderId)?.status ?? 'NONE';
    if (status !== 'RELEASED') {
      findings.violate(orderId, `stock.released was announced, and the reservation is ${status}`);
    }
  });
}

function releasesOf(versions: readonly EventTrail[]): EventTrail[] {
  return versions.filter(({ row }) => nameOf(row.type) === 'waybill.stock.released');
}

function checkLabels({ record, labels }: RecordIndex, findings: Findings): void {
  for (const { id, orderId, status } of record.shipments) {
    for (const label of labels.get(id) ?? []) {
      if (status === 'CANCELLED') {
        findings.look();
        if (!label.deleted) {
          findings.violate(orderId, `the shipment is CANCELLED, and its label ${label.id} is not deleted`);
        }
      } else if (label.deleted) {
        findings.look();
        if (status !== 'CANCELLING') {
          findings.violate(orderId, `label ${label.id} is deleted, and its shipment is ${status}`);
        }
      }
    }
  }
}
