import { median, type Spread, spread } from './statistics.js';

/** What one case measured, a value a round. */
export interface Series {
  readonly name: string;
  readonly unit: string;
  readonly values: readonly number[];
  /** What it cost or carried, for those who want to know more; of the last round. */
  readonly note?: string;
}

/** Collects what the rounds measure, in the order in which the names came first. */
export class SeriesBook {
  private readonly kept = new Map<string, { unit: string; values: number[]; note?: string }>();

  add(name: string, unit: string, value: number, note?: string): void {
    const entry = this.kept.get(name) ?? { unit, values: [] };
    entry.values.push(value);
    if (note !== undefined) {
      entry.note = note;
    }
    this.kept.set(name, entry);
  }

  has(name: string): boolean {
    return this.kept.has(name);
  }

  median(name: string): number {
    return median(this.kept.get(name)?.values ?? []);
  }

  all(): Series[] {
    return [...this.kept].map(([name, entry]) => ({ name, ...entry }));
  }
}

export function summaryOf(series: Series): { readonly median: number; readonly spread: Spread } {
  return { median: median(series.values), spread: spread(series.values) };
}
