import { z } from 'zod';

/** Text of 1 to `max` characters. U+0000 is refused here, at the door: Postgres cannot store it. */
export function text(max: number) {
  return z
    .string()
    .min(1)
    .max(max)
    .refine((value) => !value.includes('\0'), { message: 'must not contain U+0000, which the database cannot store' });
}

export const sku = z
  .string()
  .regex(/^[A-Za-z0-9][A-Za-z0-9._-]{0,63}$/, {
    message: 'must be 1 to 64 letters, digits, dots, dashes or underscores, and start with a letter or digit',
  })
  .meta({ id: 'Sku', description: 'Stock keeping unit', examples: ['BOOK-1'] });

/** Pieces of one SKU in one line. The bound keeps the sum of 1,000 lines within a Postgres integer. */
export const quantity = z.int().min(1).max(10_000);

export const orderLine = z.object({ sku, quantity }).meta({ id: 'OrderLine' });
export type OrderLine = z.infer<typeof orderLine>;

/** 1,000 lines stay far below the largest record the broker takes. */
export const orderLines = z.array(orderLine).min(1).max(1_000);

export const shipTo = z
  .object({
    name: text(200),
    street: text(200),
    city: text(100),
    postcode: text(20),
    country: z.string().regex(/^[A-Z]{2}$/, { message: 'must be an ISO 3166-1 alpha-2 code in upper case, such as DE' }),
  })
  .meta({ id: 'ShipTo' });
export type ShipTo = z.infer<typeof shipTo>;

export const reason = text(500);
