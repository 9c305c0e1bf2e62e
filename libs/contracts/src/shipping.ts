import { z } from 'zod';
import { reason, text } from './fields.js';

/** What shipping publishes: topic `waybill.shipping`, aggregate `shipment`, id = shipment id. */
export const shippingEvents = {
  'waybill.shipment.requested.v1': z.object({ orderId: z.uuid(), shipmentId: z.uuid() }),
  'waybill.shipment.dispatched.v1': z.object({
    orderId: z.uuid(),
    shipmentId: z.uuid(),
    labelId: text(100),
    trackingCode: text(100),
  }),
  'waybill.shipment.failed.v1': z.object({ orderId: z.uuid(), shipmentId: z.uuid(), reason }),
  'waybill.shipment.cancelled.v1': z.object({ orderId: z.uuid(), shipmentId: z.uuid(), reason }),
} as const;
