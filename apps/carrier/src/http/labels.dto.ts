import { z } from 'zod';

const text = (max: number) => z.string().min(1).max(max);

/** Another company's API: it takes what it needs and does not mind what else there is. */
export const labelRequest = z
  .object({
    reference: text(100).optional(),
    shipTo: z.object({ name: text(200), street: text(200), city: text(100), postcode: text(20), country: text(2) }),
    lines: z.array(z.object({ sku: text(100), quantity: z.int().min(1) })).max(1_000).optional(),
  })
  .meta({ id: 'LabelRequest' });

export const labelDto = z
  .object({ id: z.string(), trackingCode: z.string(), status: z.enum(['ACTIVE', 'DELETED']) })
  .meta({ id: 'Label' });
export type LabelDto = z.output<typeof labelDto>;
