/** Counts of a Prometheus histogram by upper bound, in seconds. */
export type Buckets = ReadonlyMap<number, number>;

/** Reads the buckets of one histogram out of a scrape. */
export function bucketsOf(scrape: string, name: string): Buckets {
  const buckets = new Map<number, number>();
  for (const line of scrape.split('\n')) {
    const match = new RegExp(`^${name}_bucket\\{[^}]*le="([^"]+)"[^}]*\\} (\\d+)`).exec(line);
    if (match !== null) {
      buckets.set(match[1] === '+Inf' ? Number.POSITIVE_INFINITY : Number(match[1]), Number(match[2]));
    }
  }
  return buckets;
}

/** What was counted between two scrapes. */
export function since(before: Buckets, after: Buckets): Buckets {
  return new Map([...after].map(([bound, count]) => [bound, count - (before.get(bound) ?? 0)]));
}

/** A quantile with linear interpolation within its bucket, as Prometheus' histogram_quantile has it. */
export function quantile(buckets: Buckets, share: number): number {
  const bounds = [...buckets].sort(([a], [b]) => a - b);
  const total = bounds.at(-1)?.[1] ?? 0;
  const rank = share * total;
  let lower = 0;
  let below = 0;
  for (const [bound, count] of bounds) {
    if (count >= rank && count > below) {
      return bound === Number.POSITIVE_INFINITY ? lower : lower + ((bound - lower) * (rank - below)) / (count - below);
    }
    lower = bound;
    below = count;
  }
  return Number.NaN;
}
