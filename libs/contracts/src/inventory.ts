import { z } from 'zod';
import { orderLines, reason, sku } from './fields.js';

export const shortage = z.object({ sku, requested: z.int().min(1), available: z.int().min(0) });
export type Shortage = z.infer<typeof shortage>;

/** What inventory publishes: topic `waybill.inventory`, aggregate `reservation`, id = order id. */
export const inventoryEvents = {
  'waybill.stock.reserved.v1': z
    .object({ orderId: z.uuid(), lines: orderLines })
    .describe('All lines of the order are set aside.'),
  'waybill.stock.rejected.v1': z
    .object({ orderId: z.uuid(), reason, shortages: z.array(shortage) })
    .describe('At least one line cannot be had. Nothing was set aside.'),
  'waybill.stock.released.v1': z
    .object({ orderId: z.uuid(), lines: orderLines })
    .describe('What was set aside for the order is available again.'),
  'waybill.stock.shipped.v1': z
    .object({ orderId: z.uuid(), lines: orderLines })
    .describe('What was set aside for the order has left the house.'),
} as const;
