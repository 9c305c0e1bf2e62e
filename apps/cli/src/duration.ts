const UNITS_MS = { ms: 1, s: 1_000, m: 60_000, h: 3_600_000, d: 86_400_000 } as const;

/** Milliseconds of `500ms`, `90s`, `15m`, `1h` or `2d`; undefined for anything else. */
export function parseDurationMs(text: string): number | undefined {
  const [, amount, unit] = /^(\d{1,9})(ms|s|m|h|d)$/.exec(text) ?? [];
  return amount === undefined ? undefined : Number(amount) * UNITS_MS[unit as keyof typeof UNITS_MS];
}

/** For a person, in the largest unit that leaves a whole number of at least 1: `90 min`. */
export function durationWords(ms: number): string {
  if (ms < 120_000) {
    return `${Math.round(ms / 1_000)} s`;
  }
  if (ms < 2 * UNITS_MS.h) {
    return `${Math.round(ms / UNITS_MS.m)} min`;
  }
  return ms < 2 * UNITS_MS.d ? `${Math.round(ms / UNITS_MS.h)} h` : `${Math.round(ms / UNITS_MS.d)} days`;
}
