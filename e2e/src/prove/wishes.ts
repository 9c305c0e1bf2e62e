import { branchOf, oneOf, type Random } from './random.js';

export type Scenario = 'good' | 'several-lines' | 'no-stock' | 'unknown-sku' | 'cancelled-soon' | 'cancelled-later' | 'twin';

/** What a customer wants, before he has asked for it. */
export interface Wish {
  readonly number: number;
  readonly scenario: Scenario;
  readonly lines: readonly { readonly sku: string; readonly quantity: number }[];
  /** From the answer until the customer thinks better of it. */
  readonly cancelAfterMs: number | null;
}

const PRODUCTS = 20;
const PLENTY = 1_000_000;
/** Some of the orders for it find it sold out. */
const SCARCE = 'PROVE-SCARCE';

/** What is in stock before the first order. */
export function initialStock(orders: number): Readonly<Record<string, number>> {
  const products = Array.from({ length: PRODUCTS }, (_, index) => [productOf(index), PLENTY] as const);
  return { ...Object.fromEntries(products), [SCARCE]: Math.max(2, Math.floor(orders / 20)) };
}

const mix: readonly (readonly [Scenario, number])[] = [
  ['good', 45],
  ['several-lines', 12],
  ['no-stock', 10],
  ['unknown-sku', 4],
  ['cancelled-soon', 10],
  ['cancelled-later', 9],
  ['twin', 10],
];

/** What the customers of a run want, one after another: the same seed gives the same wishes. */
export function wishesOf(seed: number, count: number): Wish[] {
  const random = branchOf(seed, 'wishes');
  return Array.from({ length: count }, (_, number) => {
    const scenario = draw(random);
    return { number, scenario, lines: linesOf(scenario, random), cancelAfterMs: patienceOf(scenario, random) };
  });
}

function draw(random: Random): Scenario {
  const all = mix.reduce((sum, [, weight]) => sum + weight, 0);
  let place = random() * all;
  for (const [scenario, weight] of mix) {
    place -= weight;
    if (place < 0) {
      return scenario;
    }
  }
  return 'good';
}

function linesOf(scenario: Scenario, random: Random): Wish['lines'] {
  const product = () => productOf(Math.floor(random() * PRODUCTS));
  const quantity = () => 1 + Math.floor(random() * 3);
  switch (scenario) {
    case 'no-stock':
      return [{ sku: SCARCE, quantity: 1 }];
    case 'unknown-sku':
      return [
        { sku: product(), quantity: 1 },
        { sku: 'PROVE-NEVER-MADE', quantity: 1 },
      ];
    case 'several-lines': {
      const skus = new Set([product(), product(), product()]);
      return [...skus].map((sku) => ({ sku, quantity: quantity() }));
    }
    default:
      return [{ sku: product(), quantity: quantity() }];
  }
}

/** Some cancel before stock is reserved, some in the middle, some when the parcel may have left. */
function patienceOf(scenario: Scenario, random: Random): number | null {
  switch (scenario) {
    case 'cancelled-soon':
      return Math.floor(random() * 60);
    case 'cancelled-later':
      return oneOf(random, [100, 200, 500, 1_500, 4_000]);
    default:
      return null;
  }
}

function productOf(index: number): string {
  return `PROVE-${String(index + 1).padStart(2, '0')}`;
}
