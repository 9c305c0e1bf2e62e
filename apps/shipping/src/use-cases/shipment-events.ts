import { asEmitted, type EventType, FIRST_CARRIER, type NewEvent } from '@waybill/contracts';
import type { Shipment, ShipmentAnnouncement } from '../domain/shipment.js';

type ShipmentEventType = Extract<EventType, `waybill.shipment.${string}`>;
/** Each type with its own data: a union of pairs, so that the compiler sees them parted. */
type ShipmentEvent = { [T in ShipmentEventType]: NewEvent<T> }[ShipmentEventType];

export interface Cause {
  readonly correlationId: string;
  readonly causationId: string;
}

/** The event that a step of the state table announces, about the shipment as it is after the step. */
export function announcement(shipment: Shipment, announce: ShipmentAnnouncement, cause: Cause): ShipmentEvent {
  const { id: shipmentId, orderId, version } = shipment;
  const { correlationId, causationId } = cause;
  const about = { aggregateId: shipmentId, version, orderId, correlationId, causationId };
  const reason = shipment.reason ?? '';
  switch (announce) {
    case 'shipment.requested':
      return { ...about, type: 'waybill.shipment.requested.v1', data: { orderId, shipmentId } };
    case 'shipment.dispatched': {
      const { labelId, trackingCode } = shipment;
      const label = { id: labelId ?? '', trackingCode: trackingCode ?? '' };
      return asEmitted({
        ...about,
        type: 'waybill.shipment.dispatched.v2',
        data: { orderId, shipmentId, carrier: FIRST_CARRIER, label },
      });
    }
    case 'shipment.failed':
      return { ...about, type: 'waybill.shipment.failed.v1', data: { orderId, shipmentId, reason } };
    case 'shipment.cancelled':
      return { ...about, type: 'waybill.shipment.cancelled.v1', data: { orderId, shipmentId, reason } };
  }
}
