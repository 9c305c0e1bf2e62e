import { escaped } from './markup.js';
import { CHART_WIDTH, round, type TimeAxis } from './time-axis.js';

export interface Curve {
  readonly name: string;
  /** Null where nobody knew. */
  readonly points: readonly { readonly atMs: number; readonly value: number | null }[];
}

const HEIGHT = 150;
const TOP = 26;
const BOTTOM = HEIGHT - 6;
/** More points than pixels only cost bytes. */
const POINTS_MAX = 600;

/** Curves over the run, from zero: what is flat must look flat. What nobody knew is a gap. */
export function timeChart(title: string, unit: string, curves: readonly Curve[], axis: TimeAxis): string {
  const values = curves.flatMap(({ points }) => points.flatMap(({ value }) => value ?? []));
  const max = niceMax(values.reduce((highest, value) => Math.max(highest, value), 0));
  const y = (value: number) => round(BOTTOM - (value / max) * (BOTTOM - TOP));
  const levels = [0, max / 2, max].map(
    (level) =>
      `<line class="grid" x1="${axis.left}" x2="${axis.right}" y1="${y(level)}" y2="${y(level)}"/><text class="tick" x="${axis.left - 10}" y="${y(level) + 4}" text-anchor="end">${level.toLocaleString('en-US', { maximumFractionDigits: 1 })}</text>`,
  );
  const drawn = curves.map(({ name, points }, index) => {
    const paths = unbroken(thinned(points)).map(
      (part) => `<polyline class="curve c${index}" points="${part.map(({ atMs, value }) => `${axis.x(atMs)},${y(value)}`).join(' ')}"/>`,
    );
    const legend = `<text class="legend c${index}" x="${axis.left + 260 + index * 170}" y="14">${escaped(name)}</text>`;
    return legend + paths.join('');
  });
  return `<svg viewBox="0 0 ${CHART_WIDTH} ${HEIGHT}" role="img" aria-label="${escaped(`${title}, at most ${max} ${unit}`)}">
<text class="title" x="0" y="14">${escaped(title)} <tspan class="unit">${escaped(unit)}</tspan></text>
${axis.grid(TOP, BOTTOM)}${levels.join('')}
${drawn.join('\n')}
</svg>`;
}

/** Of each stretch its highest value: a peak must not be lost. */
function thinned(points: Curve['points']): Curve['points'] {
  const size = Math.ceil(points.length / POINTS_MAX);
  if (size <= 1) {
    return points;
  }
  const kept: Curve['points'][number][] = [];
  for (let at = 0; at < points.length; at += size) {
    const stretch = points.slice(at, at + size);
    kept.push(stretch.reduce((best, each) => ((each.value ?? -1) > (best.value ?? -1) ? each : best)));
  }
  return kept;
}

function unbroken(points: Curve['points']): { atMs: number; value: number }[][] {
  const parts: { atMs: number; value: number }[][] = [[]];
  for (const { atMs, value } of points) {
    if (value === null) {
      parts.push([]);
    } else {
      parts.at(-1)?.push({ atMs, value });
    }
  }
  return parts.filter((part) => part.length > 0);
}

/** The next of 1, 2, 5, 10, 20, 50 ... that is not below a value. */
function niceMax(value: number): number {
  if (!(value > 0)) {
    return 1;
  }
  const power = 10 ** Math.floor(Math.log10(value));
  return ([1, 2, 5, 10].find((factor) => value <= factor * power) ?? 10) * power;
}
