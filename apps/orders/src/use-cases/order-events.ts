import type { EventType, NewEvent, OrderLine, ReceivedEvent } from '@waybill/contracts';
import type { Order, OrderAnnouncement } from '../domain/order.js';

type OrderEventType = Extract<EventType, `waybill.order.${string}`>;
/** Each type with its own data: a union of pairs, so that the compiler sees them parted. */
type OrderEvent = { [T in OrderEventType]: NewEvent<T> }[OrderEventType];

/** What caused an event: another event, or a person (then there is none). */
export type Cause = Pick<ReceivedEvent, 'id'> | undefined;

/** The event of a placed order. */
export function orderPlaced(order: Order): OrderEvent {
  const { id: orderId, customerId, shipTo } = order;
  const data = { orderId, customerId, lines: linesOf(order), shipTo, deadlineAt: order.deadlineAt.toISOString() };
  return { ...envelope(order, undefined), type: 'waybill.order.placed.v1', data };
}

/** The event that a step of the state table announces, about the order as it is after the step. */
export function announcement(order: Order, announce: OrderAnnouncement, cause: Cause): OrderEvent {
  const about = envelope(order, cause);
  const { id: orderId, shipTo } = order;
  const reason = order.reason ?? '';
  switch (announce) {
    case 'order.confirmed':
      return { ...about, type: 'waybill.order.confirmed.v1', data: { orderId, lines: linesOf(order), shipTo } };
    case 'order.rejected':
      return { ...about, type: 'waybill.order.rejected.v1', data: { orderId, reason } };
    case 'order.cancellation-requested':
      return { ...about, type: 'waybill.order.cancellation-requested.v1', data: { orderId, reason } };
    case 'order.cancelled':
      return { ...about, type: 'waybill.order.cancelled.v1', data: { orderId, reason, lines: linesOf(order) } };
    case 'order.shipped': {
      const { shipmentId, trackingCode } = order;
      return {
        ...about,
        type: 'waybill.order.shipped.v1',
        data: { orderId, shipmentId: shipmentId ?? '', trackingCode: trackingCode ?? '' },
      };
    }
  }
}

/** The order's id correlates all that happens because of it: it is there from the first event to the last. */
function envelope(order: Order, cause: Cause) {
  return {
    aggregateId: order.id,
    version: order.version,
    orderId: order.id,
    correlationId: order.id,
    ...(cause === undefined ? {} : { causationId: cause.id }),
  };
}

function linesOf(order: Order): OrderLine[] {
  return order.lines.map(({ sku, quantity }) => ({ sku, quantity }));
}
