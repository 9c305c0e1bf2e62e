import { table } from '@waybill/local';
import type { Palette } from './palette.js';

/** Rows for a person, the first as the heading; words instead of an empty table, and a word where rows were left out. */
export function renderListing(
  { heading, rows, none, more }: Listing,
  paint: Palette,
): string {
  if (rows.length === 0) {
    return `  ${none}`;
  }
  const [first = '', ...lines] = table([heading, ...rows]).split('\n');
  return [paint.dim(first), ...lines, ...(more ? ['', '  There are more: raise --limit, or filter.'] : [])].join('\n');
}

export interface Listing {
  readonly heading: readonly string[];
  readonly rows: readonly (readonly string[])[];
  /** What an empty list means. */
  readonly none: string;
  /** Whether rows were left out. */
  readonly more: boolean;
}

/** The first `limit` of what was asked for with one more than that. */
export function cut<T>(found: readonly T[], limit: number): { readonly shown: readonly T[]; readonly more: boolean } {
  return { shown: found.slice(0, limit), more: found.length > limit };
}
