import type { EventType, NewEvent, OrderLine, ReceivedEvent, Shortage } from '@waybill/contracts';
import type { Reservation } from '../domain/reservation.js';

type StockEvent<T extends string> = NewEvent<Extract<EventType, `waybill.stock.${T}.v1`>>;
type Cause = Pick<ReceivedEvent, 'id' | 'correlationId'>;

export function stockReserved(reservation: Reservation, cause: Cause): StockEvent<'reserved'> {
  return { ...envelope(reservation, cause), type: 'waybill.stock.reserved.v1', data: heldLines(reservation) };
}

export function stockRejected(
  reservation: Reservation,
  facts: { readonly reason: string; readonly shortages: Shortage[] },
  cause: Cause,
): StockEvent<'rejected'> {
  const data = { orderId: reservation.orderId, ...facts };
  return { ...envelope(reservation, cause), type: 'waybill.stock.rejected.v1', data };
}

export function stockReleased(reservation: Reservation, cause: Cause): StockEvent<'released'> {
  return { ...envelope(reservation, cause), type: 'waybill.stock.released.v1', data: heldLines(reservation) };
}

export function stockShipped(reservation: Reservation, cause: Cause): StockEvent<'shipped'> {
  return { ...envelope(reservation, cause), type: 'waybill.stock.shipped.v1', data: heldLines(reservation) };
}

function envelope(reservation: Reservation, cause: Cause) {
  return {
    aggregateId: reservation.orderId,
    version: reservation.version,
    orderId: reservation.orderId,
    correlationId: cause.correlationId,
    causationId: cause.id,
  };
}

function heldLines({ orderId, lines }: Reservation): { orderId: string; lines: OrderLine[] } {
  return { orderId, lines: [...lines] };
}
