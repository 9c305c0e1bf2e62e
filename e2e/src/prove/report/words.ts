/** 12,345 */
export function count(value: number): string {
  return Math.round(value).toLocaleString('en-US');
}

/** 1 order, 2 orders */
export function many(value: number, noun: string): string {
  return `${count(value)} ${noun}${value === 1 ? '' : 's'}`;
}

/** One digit after the point: what the sampler can tell. */
export function seconds(ms: number): string {
  return (ms / 1_000).toFixed(1);
}

/** Three digits are as much as a curve can tell. */
export function rounded(value: number): string {
  return value >= 100 ? count(value) : String(Number(value.toPrecision(3)));
}

/** I1, I2 and I3 */
export function listed(words: readonly string[]): string {
  return words.length < 2 ? words.join('') : `${words.slice(0, -1).join(', ')} and ${words.at(-1)}`;
}
