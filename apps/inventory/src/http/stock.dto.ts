import { sku } from '@waybill/contracts';
import { z } from 'zod';
import { available, type Stock } from '../domain/stock.js';

const PAGE_MAX = 100;
/** Well within a Postgres integer, also after every order of an hour was added. */
const ON_HAND_MAX = 1_000_000_000;

export const stockDto = z
  .object({ sku, onHand: z.int(), reserved: z.int(), available: z.int() })
  .meta({ id: 'Stock' });
export type StockDto = z.output<typeof stockDto>;

/** Strict: a property that is misspelt is refused rather than ignored. */
export const stockCount = z.strictObject({ onHand: z.int().min(0).max(ON_HAND_MAX) }).meta({ id: 'StockCount' });
export type StockCount = z.output<typeof stockCount>;

export const stockQuery = z.strictObject({
  cursor: sku.optional().meta({ description: 'nextCursor of the page before.' }),
  limit: z.coerce.number().int().min(1).max(PAGE_MAX).default(20),
});
export type StockQuery = z.output<typeof stockQuery>;

export const stockPage = z
  .object({ items: z.array(stockDto), nextCursor: sku.nullable().meta({ description: 'null: this is the last page.' }) })
  .meta({ id: 'StockPage' });
export type StockPage = z.output<typeof stockPage>;

export function toStockDto(stock: Stock): StockDto {
  return { sku: stock.sku, onHand: stock.onHand, reserved: stock.reserved, available: available(stock) };
}
