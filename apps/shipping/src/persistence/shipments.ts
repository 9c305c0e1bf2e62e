import type { Trace } from '@waybill/tracing';
import type { EntityManager } from 'typeorm';
import type { Shipment } from '../domain/shipment.js';

/** The event that asks, and the trace that it is handled in. */
export interface Asked {
  readonly correlationId: string;
  readonly causationId: string;
  readonly trace: Trace;
}

export interface StoredShipment extends Shipment {
  readonly correlationId: string;
  readonly causationId: string;
  /** Whose answer counts now; null while nobody asks the carrier. */
  readonly leaseToken: string | null;
}

const COLUMNS = `id, order_id AS "orderId", status, version, lines, ship_to AS "shipTo", label_id AS "labelId",
  tracking_code AS "trackingCode", reason, correlation_id AS "correlationId", causation_id AS "causationId",
  lease_token AS "leaseToken"`;

/** The order's shipment, locked until the end of the transaction. */
export async function lockShipmentOfOrder(manager: EntityManager, orderId: string): Promise<StoredShipment | undefined> {
  const [shipment] = await manager.query<StoredShipment[]>(
    `SELECT ${COLUMNS} FROM shipments WHERE order_id = $1 FOR UPDATE`,
    [orderId],
  );
  return shipment;
}

/** The shipment, locked until the end of the transaction. */
export async function lockShipment(manager: EntityManager, id: string): Promise<StoredShipment | undefined> {
  const [shipment] = await manager.query<StoredShipment[]>(`SELECT ${COLUMNS} FROM shipments WHERE id = $1 FOR UPDATE`, [
    id,
  ]);
  return shipment;
}

/** Of two that store the first shipment of an order at once, one fails on the order's id and is tried again. */
export async function insertShipment(manager: EntityManager, shipment: Shipment, asked: Asked): Promise<void> {
  await manager.query(
    `INSERT INTO shipments (id, order_id, status, version, lines, ship_to, reason, correlation_id, causation_id,
                            traceparent, tracestate, next_attempt_at, created_at, updated_at)
     VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, now(), now(), now())`,
    [
      shipment.id,
      shipment.orderId,
      shipment.status,
      shipment.version,
      JSON.stringify(shipment.lines),
      shipment.shipTo === null ? null : JSON.stringify(shipment.shipTo),
      shipment.reason,
      asked.correlationId,
      asked.causationId,
      asked.trace.traceparent ?? null,
      asked.trace.tracestate ?? null,
    ],
  );
}

/** From now on the label is to be deleted. The lease stays: the worker that asks right now will see it. */
export async function markCancelling(
  manager: EntityManager,
  shipment: Shipment,
  reason: string,
  asked: Asked,
): Promise<void> {
  await manager.query(
    `UPDATE shipments
        SET status = 'CANCELLING', reason = $2, correlation_id = $3, causation_id = $4, traceparent = $5, tracestate = $6,
            next_attempt_at = now(), updated_at = now()
      WHERE id = $1`,
    [
      shipment.id,
      reason,
      asked.correlationId,
      asked.causationId,
      asked.trace.traceparent ?? null,
      asked.trace.tracestate ?? null,
    ],
  );
}

/** Writes the carrier's answer and ends the lease; the row was locked in the same transaction. */
export async function settleShipment(manager: EntityManager, shipment: Shipment): Promise<void> {
  await manager.query(
    `UPDATE shipments
        SET status = $2, version = $3, label_id = $4, tracking_code = $5, reason = $6, lease_token = NULL,
            lease_until = NULL, last_problem = NULL, updated_at = now()
      WHERE id = $1`,
    [shipment.id, shipment.status, shipment.version, shipment.labelId, shipment.trackingCode, shipment.reason],
  );
}
