import { Findings } from './findings.js';
import type { RecordIndex } from './record-index.js';
import { ends, finalStatuses } from './saga.js';
import type { Verdict } from './verdict.js';

const LISTED_MAX = 20;

/**
 * I9. Within the bound after healing nothing moved any more, and then every order that the database knows had come to its
 * end: it is SHIPPED, REJECTED or CANCELLED, with its reservation and its shipment where that end says.
 *
 * An order about which an event is dead, held or discarded may be open; these are listed.
 */
export function checkFinalStates(index: RecordIndex): Verdict {
  const findings = new Findings('I9', 'every order comes to its end');
  const { run, orders } = index.record;
  if (run.quietMs === null) {
    findings.violate(null, `not at rest ${run.quietBoundMs} ms after healing: ${restlessness(index)}`);
    findings.remark('collected while things still moved: what compares two databases may be out of step');
  }
  const left: string[] = [];
  for (const { id, status } of orders) {
    findings.look();
    const states = [status, index.reservations.get(id)?.status ?? 'NONE', index.shipments.get(id)?.status ?? 'NONE'].join(' ');
    if (ends.has(states)) {
      continue;
    }
    const reason = index.excused.get(id);
    if (reason !== undefined) {
      left.push(`${id} (${reason})`);
    } else if (!finalStatuses.includes(status)) {
      findings.violate(id, `the order is ${status}, with its reservation and shipment ${states.slice(status.length + 1)}`);
    } else {
      findings.violate(id, `order, reservation and shipment are ${states}, which is no end`);
    }
  }
  if (left.length > 0) {
    const more = left.length > LISTED_MAX ? ` and ${left.length - LISTED_MAX} more` : '';
    findings.remark(`${left.length} ${left.length === 1 ? 'order waits' : 'orders wait'} for an operator: ${left.slice(0, LISTED_MAX).join(', ')}${more}`);
  }
  return findings.verdict();
}

function restlessness({ record }: RecordIndex): string {
  const open = record.orders.filter(({ status }) => !finalStatuses.includes(status)).length;
  const waiting = record.outbox.filter(({ held }) => !held).length;
  const parked = record.parked.filter(({ state }) => state === 'waiting').length;
  const unread = record.offsets.reduce((sum, { committed, end }) => sum + Math.max(0, end - Math.max(0, committed)), 0);
  return `${open} orders open, ${waiting} rows in outboxes, ${unread} records unread, ${parked} events parked`;
}
