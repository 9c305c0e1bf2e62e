import type { Figure } from './figure.js';
import type { SeriesBook } from './series.js';

/** Two medians of one run, and what the one should be of the other. */
export interface Ratio {
  readonly name: string;
  readonly of: string;
  readonly to: string;
  readonly goal: NonNullable<Figure['goal']>;
}

/** The ratios of which both sides were measured in this run. */
export function ratios(book: SeriesBook, wanted: readonly Ratio[]): Figure[] {
  return wanted
    .filter(({ of, to }) => book.has(of) && book.has(to))
    .map(({ name, of, to, goal }) => ({ name, value: book.median(of) / book.median(to), unit: 'x', goal }));
}

/** The name with the highest median among those that were measured. */
export function best(book: SeriesBook, names: readonly string[]): string | undefined {
  return names.filter((name) => book.has(name)).sort((a, b) => book.median(b) - book.median(a))[0];
}
