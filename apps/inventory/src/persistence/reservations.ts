import type { EntityManager } from 'typeorm';
import type { Reservation } from '../domain/reservation.js';

/** The reservation, locked until the end of the transaction. */
export async function lockReservation(manager: EntityManager, orderId: string): Promise<Reservation | undefined> {
  const [reservation] = await manager.query<Reservation[]>(
    'SELECT order_id AS "orderId", status, version, lines FROM reservations WHERE order_id = $1 FOR UPDATE',
    [orderId],
  );
  return reservation;
}

/** Of two that store the first reservation of an order at once, one fails on the primary key and is tried again. */
export async function insertReservation(manager: EntityManager, reservation: Reservation): Promise<void> {
  const { orderId, status, version, lines } = reservation;
  await manager.query(
    `INSERT INTO reservations (order_id, status, version, lines, created_at, updated_at)
     VALUES ($1, $2, $3, $4, now(), now())`,
    [orderId, status, version, JSON.stringify(lines)],
  );
}

/** Writes what a step changed; the row was locked by `lockReservation` in the same transaction. */
export async function updateReservation(manager: EntityManager, reservation: Reservation): Promise<void> {
  const { orderId, status, version } = reservation;
  await manager.query('UPDATE reservations SET status = $2, version = $3, updated_at = now() WHERE order_id = $1', [
    orderId,
    status,
    version,
  ]);
}
