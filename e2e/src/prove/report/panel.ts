import { px } from '../../bench/svg.js';
import { html, type Markup } from './html.js';
import type { Moment } from './moments.js';
import { type Milestone, sheet, type TimeAxis } from './time-axis.js';
import type { ValueAxis } from './value-axis.js';
import { rounded } from './words.js';

export interface Curve {
  readonly name: string;
  readonly of: (moment: Moment) => number | null;
}

export interface Panel {
  readonly title: string;
  readonly unit: string;
  readonly curves: readonly Curve[];
  readonly axis: (most: number) => ValueAxis;
}

export interface PanelGround {
  readonly moments: readonly Moment[];
  readonly time: TimeAxis;
  readonly milestones: readonly Milestone[];
}

const HEIGHT = 124;
const TOP = 12;
const BOTTOM = 12;
const KEY_ROW = 17;

/** Curves over the time of the run; the name of each, with its dash and its peak, stands beside it. */
export function drawPanel({ title, unit, curves, axis: axisFor }: Panel, { moments, time, milestones }: PanelGround): Markup {
  const peaks = curves.map(({ of }) => moments.reduce((most, moment) => Math.max(most, of(moment) ?? 0), 0));
  const axis = axisFor(Math.max(0, ...peaks));
  const y = (value: number) => HEIGHT - BOTTOM - Math.min(1, axis.share(value)) * (HEIGHT - TOP - BOTTOM);
  const right = sheet.width - sheet.right;
  const grid = axis.ticks.map(
    ({ value, name }) => html`<line class="grid" x1="${sheet.left}" x2="${right}" y1="${px(y(value))}" y2="${px(y(value))}"/>
<text class="tick" x="${sheet.left - 8}" y="${px(y(value) + 3.5)}" text-anchor="end">${name}</text>
`,
  );
  const keys = curves.map(({ name }, index) => {
    const row = TOP + 34 + index * KEY_ROW;
    return html`<line class="curve c${index}" x1="0" x2="18" y1="${row - 4}" y2="${row - 4}"/><text class="key" x="24" y="${row}">${name}</text>
`;
  });
  const drawn = curves.map(({ of }, index) => html`<path class="curve c${index}" d="${pathOf(moments, of, time, y)}"/>
`);
  const told = moments.length === 0 ? 'no samples' : curves.map(({ name }, index) => `${name} at most ${rounded(peaks[index] ?? 0)}`).join(', ');
  return html`<svg class="panel" viewBox="0 0 ${sheet.width} ${HEIGHT}" role="img" aria-label="${title} in ${unit}: ${told}">
<title>${title} in ${unit}: ${told}</title>
<text class="name" x="0" y="${TOP + 6}">${title}</text><text class="unit" x="0" y="${TOP + 20}" dy="-1">${unit}</text>
${grid}${verticals(time, milestones, HEIGHT)}${keys}${drawn}${moments.length === 0 ? html`<text class="unit" x="${sheet.left + 12}" y="${HEIGHT / 2}">no samples</text>` : ''}</svg>`;
}

/** The seconds, and the ends of the parts of the run, straight through every drawing. */
export function verticals(time: TimeAxis, milestones: readonly Milestone[], height: number): Markup {
  const line = (atMs: number, name: string) =>
    html`<line class="${name}" x1="${px(time.x(atMs))}" x2="${px(time.x(atMs))}" y1="0" y2="${height}"/>`;
  return html`${time.ticks.map((second) => line(second * 1_000, 'grid'))}${milestones.map(({ atMs }) => line(atMs, 'milestone'))}
`;
}

/** A gap where nobody answered; a dot where a value stands alone. */
function pathOf(moments: readonly Moment[], of: Curve['of'], time: TimeAxis, y: (value: number) => number): string {
  let path = '';
  let isOpen = false;
  for (const moment of moments) {
    const value = of(moment);
    if (value !== null) {
      const point = `${px(time.x(moment.atMs))} ${px(y(value))}`;
      path += isOpen ? `L${point}` : `M${point}h0`;
    }
    isOpen = value !== null;
  }
  return path;
}
