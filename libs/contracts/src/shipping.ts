import { z } from 'zod';
import { reason, text } from './fields.js';

/**
 * The carrier of every shipment that was dispatched before an event could name one. There was no other, so a `v1` that is
 * read as a `v2` is right to say this name.
 */
export const FIRST_CARRIER = 'carrier';

/** What the carrier gave for the parcel. */
const label = z.object({ id: text(100), trackingCode: text(100) }).meta({ id: 'ShipmentLabel' });

/** What shipping publishes: topic `waybill.shipping`, aggregate `shipment`, id = shipment id. */
export const shippingEvents = {
  'waybill.shipment.requested.v1': z
    .object({ orderId: z.uuid(), shipmentId: z.uuid() })
    .describe('A shipment is wanted; the carrier will be asked for a label.'),
  'waybill.shipment.dispatched.v1': z
    .object({ orderId: z.uuid(), shipmentId: z.uuid(), labelId: text(100), trackingCode: text(100) })
    .describe('The carrier has given a label: the parcel is on its way.'),
  'waybill.shipment.dispatched.v2': z
    .object({ orderId: z.uuid(), shipmentId: z.uuid(), carrier: text(100), label })
    .describe('A carrier has given a label: the parcel is on its way. A tracking code means something to its carrier only, so v2 names it.'),
  'waybill.shipment.failed.v1': z
    .object({ orderId: z.uuid(), shipmentId: z.uuid(), reason })
    .describe('The carrier has refused the parcel for good.'),
  'waybill.shipment.cancelled.v1': z
    .object({ orderId: z.uuid(), shipmentId: z.uuid(), reason })
    .describe('The shipment was called back in time: there is no parcel.'),
} as const;
