import type { OrderLine, ShipTo } from '@waybill/contracts';
import type { EntityManager } from 'typeorm';

/** A shipment that this worker, and no other, may ask the carrier about until the lease ends. */
export interface Lease {
  readonly shipmentId: string;
  readonly token: string;
  readonly orderId: string;
  readonly lines: readonly OrderLine[];
  readonly shipTo: ShipTo;
  readonly attempts: number;
  readonly traceparent: string | null;
  readonly tracestate: string | null;
}

/**
 * Leases at most `limit` shipments that are due: whom nobody asks about, or whose worker has let its lease run out.
 *
 * Workers skip the rows that another one is leasing at this moment. The token makes a worker that comes back after its
 * lease harmless: its answer is refused.
 */
export async function leaseShipments(
  manager: EntityManager,
  { token, leaseMs, limit }: { readonly token: string; readonly leaseMs: number; readonly limit: number },
): Promise<Lease[]> {
  const [leases] = await manager.query<[Lease[], number]>(
    `UPDATE shipments s
        SET lease_token = $1, lease_until = now() + $2 * interval '1 millisecond', attempts = attempts + 1
       FROM (SELECT id FROM shipments
              WHERE status IN ('REQUESTED', 'CANCELLING') AND next_attempt_at <= now()
                AND (lease_until IS NULL OR lease_until < now())
              ORDER BY next_attempt_at LIMIT $3 FOR UPDATE SKIP LOCKED) due
      WHERE s.id = due.id
     RETURNING s.id AS "shipmentId", s.lease_token AS token, s.order_id AS "orderId", s.lines, s.ship_to AS "shipTo",
               s.attempts, s.traceparent, s.tracestate`,
    [token, leaseMs, limit],
  );
  return leases;
}

/** Ends the lease without an answer: the carrier is asked again later, with the same key. */
export async function postponeShipment(
  manager: EntityManager,
  lease: Pick<Lease, 'shipmentId' | 'token'>,
  afterMs: number,
  problem: string,
): Promise<void> {
  await manager.query(
    `UPDATE shipments
        SET lease_token = NULL, lease_until = NULL, last_problem = $4,
            next_attempt_at = now() + $3 * interval '1 millisecond', updated_at = now()
      WHERE id = $1 AND lease_token = $2`,
    [lease.shipmentId, lease.token, afterMs, problem],
  );
}
