import { z } from 'zod';
import { orderLines, reason, shipTo, text } from './fields.js';

/** What orders publishes: topic `waybill.orders`, aggregate `order`, id = order id. */
export const orderEvents = {
  'waybill.order.placed.v1': z.object({
    orderId: z.uuid(),
    customerId: z.uuid(),
    lines: orderLines,
    shipTo,
    deadlineAt: z.iso.datetime(),
  }),
  'waybill.order.confirmed.v1': z.object({ orderId: z.uuid(), lines: orderLines, shipTo }),
  'waybill.order.rejected.v1': z.object({ orderId: z.uuid(), reason }),
  'waybill.order.cancellation-requested.v1': z.object({ orderId: z.uuid(), reason }),
  'waybill.order.cancelled.v1': z.object({ orderId: z.uuid(), reason, lines: orderLines }),
  'waybill.order.shipped.v1': z.object({ orderId: z.uuid(), shipmentId: z.uuid(), trackingCode: text(100) }),
} as const;
