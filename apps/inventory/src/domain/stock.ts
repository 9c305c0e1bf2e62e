import type { OrderLine, Shortage } from '@waybill/contracts';

export interface Stock {
  readonly sku: string;
  /** In the house, whether promised to somebody or not. */
  readonly onHand: number;
  /** The part of it that is promised to orders. */
  readonly reserved: number;
}

export function available({ onHand, reserved }: Stock): number {
  return onHand - reserved;
}

/** The pieces wanted of each SKU; an order may name the same SKU on several lines. */
export function demandOf(lines: readonly OrderLine[]): OrderLine[] {
  const demand = new Map<string, number>();
  for (const { sku, quantity } of lines) {
    demand.set(sku, (demand.get(sku) ?? 0) + quantity);
  }
  return [...demand].map(([sku, quantity]) => ({ sku, quantity }));
}

/** What is missing to meet the demand; a SKU that inventory does not know has nothing available. */
export function shortagesOf(demand: readonly OrderLine[], stock: readonly Stock[]): Shortage[] {
  const free = new Map(stock.map((each) => [each.sku, available(each)]));
  return demand
    .map(({ sku, quantity }) => ({ sku, requested: quantity, available: free.get(sku) ?? 0 }))
    .filter((line) => line.available < line.requested);
}

/** More would not fit the reason of an event, and nobody would read it; the event lists them all. */
const NAMED_MAX = 3;

/** For a person: why nothing was reserved. */
export function shortageReason(shortages: readonly Shortage[], stock: readonly Stock[]): string {
  const known = new Set(stock.map(({ sku }) => sku));
  const named = shortages
    .slice(0, NAMED_MAX)
    .map(({ sku, requested, available: free }) =>
      known.has(sku)
        ? `not enough stock of ${sku} (${requested} requested, ${free} available)`
        : `unknown SKU ${sku} (${requested} requested)`,
    );
  const more = shortages.length - named.length;
  return named.join('; ') + (more > 0 ? `; and ${more} more` : '');
}
