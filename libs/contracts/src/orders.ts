import { z } from 'zod';
import { orderLines, reason, shipTo, text } from './fields.js';

/** What orders publishes: topic `waybill.orders`, aggregate `order`, id = order id. */
export const orderEvents = {
  'waybill.order.placed.v1': z
    .object({ orderId: z.uuid(), customerId: z.uuid(), lines: orderLines, shipTo, deadlineAt: z.iso.datetime() })
    .describe('An order was accepted. Inventory is asked for its stock.'),
  'waybill.order.confirmed.v1': z
    .object({ orderId: z.uuid(), lines: orderLines, shipTo })
    .describe('All lines are reserved. Shipping may start.'),
  'waybill.order.rejected.v1': z
    .object({ orderId: z.uuid(), reason })
    .describe('There is not the stock for it. Nothing is reserved.'),
  'waybill.order.cancellation-requested.v1': z
    .object({ orderId: z.uuid(), reason })
    .describe('A confirmed order should not be shipped, if shipping can still stop it.'),
  'waybill.order.cancelled.v1': z
    .object({ orderId: z.uuid(), reason, lines: orderLines })
    .describe('The order will not be fulfilled. Its stock is to be released.'),
  'waybill.order.shipped.v1': z
    .object({ orderId: z.uuid(), shipmentId: z.uuid(), trackingCode: text(100) })
    .describe('The parcel is on its way: the end of the story.'),
} as const;
