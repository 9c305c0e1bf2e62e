import type { ChangeRow, ReservationState, RunRecord } from '../record.js';
import { Findings } from './findings.js';
import type { RecordIndex } from './record-index.js';
import type { Verdict } from './verdict.js';

/**
 * I8. Nothing is made, and nothing disappears:
 *
 * - Of each SKU, what there was before the first order is what is on hand now, and what SHIPPED reservations have taken.
 *   What is reserved is what RESERVED reservations hold.
 * - Each transaction moved just the stock of the reservations that it changed: none that is nobody's, and none twice.
 * - At no moment was more reserved than on hand, or either below nothing.
 * - An order has at most one shipment. A DISPATCHED one has the one label of its id, which is not deleted, and no label
 *   belongs to anything else: to no shipment, or to one that FAILED.
 * - A SHIPPED order has its shipment DISPATCHED. Where nothing is under way or given up, the reverse holds, too, and its
 *   stock has left.
 *
 * Stock that was set before the first reservation is the beginning, and no movement.
 */
export function checkConservation(index: RecordIndex): Verdict {
  const findings = new Findings('I8', 'stock, shipments and labels add up');
  checkTotals(index.record, findings);
  checkMovements(index, findings);
  checkShipments(index, findings);
  checkLabels(index, findings);
  return findings.verdict();
}

function checkTotals({ run, stock, reservations }: RunRecord, findings: Findings): void {
  const held = new Map<string, number>();
  const shipped = new Map<string, number>();
  for (const { status, lines } of reservations) {
    const sums = status === 'RESERVED' ? held : status === 'SHIPPED' ? shipped : undefined;
    for (const { sku, quantity } of sums === undefined ? [] : lines) {
      sums?.set(sku, (sums.get(sku) ?? 0) + quantity);
    }
  }
  const now = new Map(stock.map((each) => [each.sku, each]));
  for (const sku of new Set([...Object.keys(run.initialStock), ...now.keys(), ...held.keys(), ...shipped.keys()])) {
    findings.look();
    const { onHand, reserved } = now.get(sku) ?? { onHand: 0, reserved: 0 };
    const initial = run.initialStock[sku] ?? 0;
    const gone = shipped.get(sku) ?? 0;
    if (onHand + gone !== initial) {
      findings.violate(null, `${sku}: ${initial} in the beginning, and now ${onHand} on hand and ${gone} shipped`);
    }
    if (reserved !== (held.get(sku) ?? 0)) {
      findings.violate(null, `${sku}: ${reserved} reserved, and reservations hold ${held.get(sku) ?? 0}`);
    }
  }
}

interface Movement {
  onHand: number;
  reserved: number;
}

/** By transaction and SKU. */
type Movements = Map<string, Map<string, Movement>>;

function checkMovements(index: RecordIndex, findings: Findings): void {
  const owed: Movements = new Map();
  /** The orders whose reservations a transaction has changed: one of them is the guilty one. */
  const orderOf = new Map<string, string>();
  let firstSerial = Infinity;
  for (const [orderId, changes] of index.changes.reservations) {
    for (const change of changes) {
      firstSerial = Math.min(firstSerial, change.serial);
      orderOf.set(change.txid, orderId);
      owe(owed, change, index.reservations.get(orderId));
    }
  }
  const moved: Movements = new Map();
  const running = new Map(Object.entries(index.record.run.initialStock).map(([sku, onHand]) => [sku, { onHand, reserved: 0 }]));
  for (const { serial, txid, id: sku, onHand, reserved } of index.stockChanges) {
    if (serial < firstSerial && !orderOf.has(txid)) {
      continue;
    }
    findings.look();
    move(moved, txid, sku, onHand ?? 0, reserved ?? 0);
    const now = running.get(sku) ?? { onHand: 0, reserved: 0 };
    now.onHand += onHand ?? 0;
    now.reserved += reserved ?? 0;
    running.set(sku, now);
    if (now.reserved < 0 || now.onHand < now.reserved) {
      findings.violate(orderOf.get(txid) ?? null, `${sku}: ${now.onHand} on hand and ${now.reserved} reserved after transaction ${txid}`);
    }
  }
  for (const txid of new Set([...owed.keys(), ...moved.keys()])) {
    const skus = new Set([...(owed.get(txid)?.keys() ?? []), ...(moved.get(txid)?.keys() ?? [])]);
    for (const sku of skus) {
      findings.look();
      const is = moved.get(txid)?.get(sku) ?? { onHand: 0, reserved: 0 };
      const should = owed.get(txid)?.get(sku) ?? { onHand: 0, reserved: 0 };
      if (is.onHand !== should.onHand || is.reserved !== should.reserved) {
        findings.violate(
          orderOf.get(txid) ?? null,
          `${sku}: transaction ${txid} moved ${told(is)}, and its reservations owe ${told(should)}`,
        );
      }
    }
  }
}

function owe(owed: Movements, { txid, status, version }: ChangeRow, reservation: ReservationState | undefined): void {
  // A tombstone gives nothing back.
  const movement = version === 0 ? undefined : movements[status ?? ''];
  for (const { sku, quantity } of movement === undefined ? [] : (reservation?.lines ?? [])) {
    move(owed, txid, sku, (movement?.onHand ?? 0) * quantity, (movement?.reserved ?? 0) * quantity);
  }
}

/** How the stock of each line moves when a reservation becomes so: times its quantity. */
const movements: Readonly<Record<string, Movement>> = {
  RESERVED: { onHand: 0, reserved: 1 },
  RELEASED: { onHand: 0, reserved: -1 },
  SHIPPED: { onHand: -1, reserved: -1 },
};

function move(all: Movements, txid: string, sku: string, onHand: number, reserved: number): void {
  let skus = all.get(txid);
  if (skus === undefined) {
    skus = new Map();
    all.set(txid, skus);
  }
  const movement = skus.get(sku);
  if (movement === undefined) {
    skus.set(sku, { onHand, reserved });
  } else {
    movement.onHand += onHand;
    movement.reserved += reserved;
  }
}

function told({ onHand, reserved }: Movement): string {
  return `${onHand} on hand and ${reserved} reserved`;
}

function checkShipments(index: RecordIndex, findings: Findings): void {
  const { record, orders, reservations, shipments, excused, underWay } = index;
  const seen = new Set<string>();
  for (const { id, orderId, status } of record.shipments) {
    findings.look();
    if (seen.has(orderId)) {
      findings.violate(orderId, `shipment ${id} is one more of this order`);
    }
    seen.add(orderId);
    const order = orders.get(orderId);
    if (order === undefined) {
      findings.violate(orderId, `shipment ${id} is of an order that does not exist`);
    } else if (status === 'DISPATCHED' && !excused.has(orderId) && !underWay.has(orderId)) {
      const reservation = reservations.get(orderId)?.status ?? 'NONE';
      if (order.status !== 'SHIPPED' || reservation !== 'SHIPPED') {
        findings.violate(orderId, `the parcel has left, and the order is ${order.status}, its reservation ${reservation}`);
      }
    }
  }
  for (const { id, status } of record.orders) {
    const shipment = shipments.get(id)?.status ?? 'NONE';
    if (status === 'SHIPPED' && shipment !== 'DISPATCHED') {
      findings.violate(id, `the order is SHIPPED, and its shipment ${shipment}`);
    }
  }
}

function checkLabels({ record, labels }: RecordIndex, findings: Findings): void {
  const shipmentOf = new Map(record.shipments.map((shipment) => [shipment.id, shipment]));
  for (const shipment of record.shipments) {
    const { id, orderId, status, labelId } = shipment;
    const active = (labels.get(id) ?? []).filter(({ deleted }) => !deleted);
    if (status === 'DISPATCHED' && (active.length !== 1 || active[0]?.id !== labelId)) {
      const found = active.map((label) => label.id).join(', ');
      findings.violate(orderId, `the shipment goes with label ${labelId}, and the carrier has ${found === '' ? 'none' : found} for it`);
    }
    if (status === 'FAILED' && active.length > 0) {
      findings.violate(orderId, `the shipment FAILED, and the carrier has made label ${active[0]?.id} for it`);
    }
  }
  for (const { id, key } of record.labels) {
    findings.look();
    if (!shipmentOf.has(key)) {
      findings.violate(null, `label ${id} was made for ${key}, which is no shipment`);
    }
  }
}
