import { z } from 'zod';
import { shipmentStatuses } from '../domain/shipment.js';
import type { ShipmentEntity } from '../persistence/shipment.entity.js';

/** Lower case, as the database gives it back. */
export const uuid = z.uuid().toLowerCase();

export const shipmentDto = z
  .object({
    id: z.uuid(),
    orderId: z.uuid(),
    status: z.enum(shipmentStatuses),
    version: z.int(),
    labelId: z.string().nullable(),
    trackingCode: z.string().nullable(),
    reason: z.string().nullable().meta({ description: 'Why it failed or was cancelled.' }),
    attempts: z.int().meta({ description: 'How often the carrier was asked.' }),
    createdAt: z.iso.datetime(),
    updatedAt: z.iso.datetime(),
  })
  .meta({ id: 'Shipment' });
export type ShipmentDto = z.output<typeof shipmentDto>;

export function toShipmentDto(shipment: ShipmentEntity): ShipmentDto {
  return {
    id: shipment.id,
    orderId: shipment.orderId,
    status: shipment.status,
    version: shipment.version,
    labelId: shipment.labelId,
    trackingCode: shipment.trackingCode,
    reason: shipment.reason,
    attempts: shipment.attempts,
    createdAt: shipment.createdAt.toISOString(),
    updatedAt: shipment.updatedAt.toISOString(),
  };
}
