import { orderLine, shipTo } from '@waybill/contracts';
import { z } from 'zod';
import { type Order, orderStatuses } from '../domain/order.js';

const LINES_MAX = 1_000;
const PAGE_MAX = 100;

/** Lower case, as the database gives it back. */
export const uuid = z.uuid().toLowerCase();

/** Strict: a property that is misspelt is refused rather than ignored. */
export const newOrder = z
  .strictObject({
    customerId: uuid,
    lines: z.array(orderLine.strict()).min(1).max(LINES_MAX),
    shipTo: shipTo.strict(),
  })
  .meta({ id: 'NewOrder' });
export type NewOrderDto = z.output<typeof newOrder>;

export const orderDto = z
  .object({
    id: z.uuid(),
    status: z.enum(orderStatuses),
    version: z.int(),
    customerId: z.uuid(),
    lines: z.array(orderLine),
    shipTo,
    reason: z.string().nullable().meta({ description: 'Why it was rejected or cancelled.' }),
    shipmentId: z.uuid().nullable(),
    trackingCode: z.string().nullable(),
    deadlineAt: z.iso.datetime(),
    createdAt: z.iso.datetime(),
    updatedAt: z.iso.datetime(),
  })
  .meta({ id: 'Order' });
export type OrderDto = z.output<typeof orderDto>;

export const orderQuery = z.strictObject({
  customerId: uuid.optional(),
  status: z.enum(orderStatuses).optional(),
  cursor: uuid.optional().meta({ description: 'nextCursor of the page before.' }),
  limit: z.coerce.number().int().min(1).max(PAGE_MAX).default(20),
});
export type OrderQuery = z.output<typeof orderQuery>;

export const orderPage = z
  .object({ items: z.array(orderDto), nextCursor: z.uuid().nullable().meta({ description: 'null: this is the last page.' }) })
  .meta({ id: 'OrderPage' });

/** Printable ASCII: what an HTTP header can carry without being changed on the way. */
export const idempotencyKey = z.string().regex(/^[\x21-\x7e]{1,255}$/, {
  message: 'must be 1 to 255 printable ASCII characters without spaces',
});

export function toOrderDto(order: Order): OrderDto {
  return {
    id: order.id,
    status: order.status,
    version: order.version,
    customerId: order.customerId,
    lines: order.lines.map(({ sku, quantity }) => ({ sku, quantity })),
    shipTo: order.shipTo,
    reason: order.reason,
    shipmentId: order.shipmentId,
    trackingCode: order.trackingCode,
    deadlineAt: order.deadlineAt.toISOString(),
    createdAt: order.createdAt.toISOString(),
    updatedAt: order.updatedAt.toISOString(),
  };
}
