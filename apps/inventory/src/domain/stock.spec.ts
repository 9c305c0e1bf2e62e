import { describe, expect, it } from 'vitest';
import { available, demandOf, shortageReason, shortagesOf } from './stock.js';

const books = { sku: 'BOOK-1', onHand: 10, reserved: 4 };
const pens = { sku: 'PEN-1', onHand: 1, reserved: 0 };

describe('stock', () => {
  it('offers what is on hand and not promised', () => {
    expect(available(books)).toBe(6);
  });

  it('counts the lines of one SKU together', () => {
    const lines = [
      { sku: 'BOOK-1', quantity: 4 },
      { sku: 'PEN-1', quantity: 1 },
      { sku: 'BOOK-1', quantity: 3 },
    ];
    expect(demandOf(lines)).toEqual([
      { sku: 'BOOK-1', quantity: 7 },
      { sku: 'PEN-1', quantity: 1 },
    ]);
    expect(shortagesOf(demandOf(lines), [books, pens])).toEqual([{ sku: 'BOOK-1', requested: 7, available: 6 }]);
  });

  it('has no shortage when the last piece is asked for', () => {
    expect(shortagesOf([{ sku: 'BOOK-1', quantity: 6 }], [books])).toEqual([]);
  });

  it('has nothing available of a SKU that it does not know', () => {
    const shortages = shortagesOf([{ sku: 'NOPE', quantity: 1 }], [books]);
    expect(shortages).toEqual([{ sku: 'NOPE', requested: 1, available: 0 }]);
    expect(shortageReason(shortages, [books])).toBe('unknown SKU NOPE (1 requested)');
  });

  it('names the first shortages and counts the others, within the bound of a reason', () => {
    const demand = Array.from({ length: 1_000 }, (_, index) => ({
      sku: `${'S'.repeat(60)}${String(index).padStart(4, '0')}`,
      quantity: 10_000,
    }));
    const reason = shortageReason(shortagesOf(demand, [pens]), [pens]);
    expect(reason).toContain('and 997 more');
    expect(reason.length).toBeLessThanOrEqual(500);
    expect(shortageReason([{ sku: 'PEN-1', requested: 2, available: 1 }], [pens])).toBe(
      'not enough stock of PEN-1 (2 requested, 1 available)',
    );
  });
});
