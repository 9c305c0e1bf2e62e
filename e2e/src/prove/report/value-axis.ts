import { niceMax } from '../../bench/svg.js';
import { count, rounded } from './words.js';

export interface ValueAxis {
  /** 0 at the bottom, 1 at the top. */
  share(value: number): number;
  readonly ticks: readonly { readonly value: number; readonly name: string }[];
}

/** Begins at zero: what is flat must look flat. */
export function linearAxis(most: number): ValueAxis {
  const top = niceMax(Math.max(most, 4));
  return {
    share: (value) => value / top,
    ticks: [0, 0.5, 1].map((share) => ({ value: top * share, name: rounded(top * share) })),
  };
}

/** For latencies: what is usual and what is worst lie decades apart. Below 1 counts as 1. */
export function decadeAxis(most: number): ValueAxis {
  const decades = Math.max(1, Math.ceil(Math.log10(Math.max(1, most))));
  return {
    share: (value) => Math.log10(Math.max(1, value)) / decades,
    ticks: Array.from({ length: decades + 1 }, (_, index) => ({ value: 10 ** index, name: count(10 ** index) })),
  };
}
