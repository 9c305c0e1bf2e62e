import { describe, expect, it } from 'vitest';
import { initialStock, wishesOf } from './wishes.js';

describe('the wishes of a run', () => {
  it('are the same for the same seed', () => {
    expect(wishesOf(1, 200)).toEqual(wishesOf(1, 200));
    expect(wishesOf(1, 200)).not.toEqual(wishesOf(2, 200));
  });

  it('bring every scenario, with what belongs to it', () => {
    const wishes = wishesOf(3, 1_000);
    const scenarios = new Set(wishes.map(({ scenario }) => scenario));
    expect([...scenarios].sort()).toEqual(
      ['cancelled-later', 'cancelled-soon', 'good', 'no-stock', 'several-lines', 'twin', 'unknown-sku'].sort(),
    );
    for (const { scenario, cancelAfterMs, lines } of wishes) {
      expect(cancelAfterMs !== null).toBe(scenario.startsWith('cancelled'));
      expect(new Set(lines.map(({ sku }) => sku)).size).toBe(lines.length);
    }
  });

  it('ask for what is in stock, but for what is scarce or was never made', () => {
    const stock = initialStock(1_000);
    const asked = new Map<string, number>();
    for (const { sku, quantity } of wishesOf(3, 1_000).flatMap(({ lines }) => lines)) {
      asked.set(sku, (asked.get(sku) ?? 0) + quantity);
    }
    const short = [...asked].filter(([sku, quantity]) => quantity > (stock[sku] ?? 0)).map(([sku]) => sku);
    expect(short.sort()).toEqual(['PROVE-NEVER-MADE', 'PROVE-SCARCE']);
  });
});
