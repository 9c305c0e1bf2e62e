/** How long ago, in the unit that a person would choose; `in 5 s` for what is yet to come. */
export function ago(at: Date, nowMs: number): string {
  const ms = nowMs - at.getTime();
  return ms < 0 ? `in ${span(-ms)}` : span(ms);
}

function span(ms: number): string {
  const units = [
    [86_400_000, 'd'],
    [3_600_000, 'h'],
    [60_000, 'min'],
    [1_000, 's'],
  ] as const;
  const [unitMs, unit] = units.find(([each]) => ms >= each * 2 || (each === 1_000 && ms >= each)) ?? [1, 'ms'];
  return `${Math.floor(ms / unitMs)} ${unit}`;
}
