import { px } from '../../bench/svg.js';
import type { FaultSpan } from '../record.js';
import { clipped, html, type Markup } from './html.js';
import { verticals } from './panel.js';
import { type Milestone, sheet, type TimeAxis } from './time-axis.js';
import { seconds } from './words.js';

/** The kinds that have a colour of their own; any other is grey, and still has its name. */
const coloured = new Set(['kill', 'pause', 'broker', 'database', 'network', 'carrier', 'rolling']);

export function kindClass(kind: string): string {
  return coloured.has(kind) ? `f-${kind}` : 'f-other';
}

interface Bar {
  readonly fault: FaultSpan;
  readonly x: number;
  readonly width: number;
  /** Its kind is written into it, or beside it; with many faults the lane says the kind. */
  readonly label: 'inside' | 'beside' | 'lane';
}

interface Lane {
  readonly name: string;
  /** Bars that would cover one another stand in rows of their own. */
  readonly rows: Bar[][];
}

const ROW = 20;
const BAR = 15;
const MILESTONE_ROW = 14;
const AXIS = 22;
const LABEL_CHAR = 6.1;
const LABELS_MOST = 60;
/** More would neither be seen nor fit. */
export const BARS_MOST = 1_500;

/** Who suffered what, and when: a lane for each target, over the seconds of the run. */
export function drawFaultLanes(faults: readonly FaultSpan[], time: TimeAxis, milestones: readonly Milestone[]): Markup {
  const lanes = lanesOf(faults.slice(0, BARS_MOST), time);
  const names = milestoneRows(milestones, time);
  const head = names.rows * MILESTONE_ROW + 6;
  const bodyHeight = Math.max(1, lanes.reduce((sum, { rows }) => sum + rows.length, 0)) * ROW;
  const height = head + bodyHeight + AXIS;
  let top = head;
  const drawn = lanes.map(({ name, rows }) => {
    const from = top;
    top += rows.length * ROW;
    return html`<line class="grid" x1="0" x2="${sheet.width - sheet.right}" y1="${from}" y2="${from}"/><text class="lane" x="0" y="${from + 14}">${clipped(name, 30)}</text>
${rows.map((bars, row) => bars.map((bar) => drawBar(bar, from + row * ROW + (ROW - BAR) / 2)))}`;
  });
  const ticks = time.ticks.map(
    (second) => html`<text class="tick" x="${px(time.x(second * 1_000))}" y="${height - 6}" text-anchor="middle">${second}</text>`,
  );
  const told = faults.length === 0 ? 'No faults.' : `${faults.length} faults over ${seconds(time.endMs)} seconds; the table of recoveries lists them.`;
  return html`<svg class="lanes" viewBox="0 0 ${sheet.width} ${height}" role="img" aria-label="${told}">
<text class="name" x="0" y="${head - 8}">Faults</text>
${verticals(time, milestones, height - AXIS)}${names.drawn}${drawn}${lanes.length === 0 ? html`<text class="unit" x="${sheet.left + 12}" y="${head + 14}">no faults</text>` : ''}
${ticks}<text class="unit" x="${sheet.left - 26}" y="${height - 6}" text-anchor="end">seconds</text>
</svg>`;
}

function lanesOf(faults: readonly FaultSpan[], time: TimeAxis): Lane[] {
  const isCrowded = faults.length > LABELS_MOST;
  const lanes = new Map<string, Lane>();
  for (const fault of faults) {
    const name = isCrowded ? `${fault.kind} ${fault.target}` : fault.target;
    const lane = lanes.get(name) ?? { name, rows: [] };
    lanes.set(name, lane);
    place(barOf(fault, time, isCrowded), lane.rows);
  }
  return [...lanes.values()];
}

function barOf(fault: FaultSpan, time: TimeAxis, isCrowded: boolean): Bar {
  const x = time.x(fault.startMs);
  const width = Math.max(3, time.x(fault.endMs) - x);
  if (isCrowded) {
    return { fault, x, width, label: 'lane' };
  }
  return { fault, x, width, label: width >= labelWidth(fault) ? 'inside' : 'beside' };
}

function labelWidth({ kind }: FaultSpan): number {
  return kind.length * LABEL_CHAR + 10;
}

/** From the left edge to the right edge of what is drawn, label and all. */
function extent({ fault, x, width, label }: Bar): { readonly from: number; readonly to: number } {
  if (label !== 'beside') {
    return { from: x, to: x + width };
  }
  return isLabelBefore({ fault, x, width }) ? { from: x - labelWidth(fault), to: x + width } : { from: x, to: x + width + labelWidth(fault) };
}

/** There is no room after it. */
function isLabelBefore({ fault, x, width }: Pick<Bar, 'fault' | 'x' | 'width'>): boolean {
  return x + width + labelWidth(fault) > sheet.width - sheet.right;
}

function place(bar: Bar, rows: Bar[][]): void {
  const { from, to } = extent(bar);
  const free = rows.find((bars) => bars.every((other) => extent(other).to + 2 <= from || extent(other).from >= to + 2));
  if (free === undefined) {
    rows.push([bar]);
  } else {
    free.push(bar);
  }
}

function drawBar({ fault, x, width, label }: Bar, y: number): Markup {
  const { kind, target, detail, startMs, endMs } = fault;
  const told = `${kind} of ${target}, ${seconds(startMs)} s to ${seconds(endMs)} s${detail === '' ? '' : `: ${detail}`}`;
  const before = isLabelBefore({ fault, x, width });
  const name =
    label === 'inside'
      ? html`<text class="in" x="${px(x + 5)}" y="${px(y + 11)}">${kind}</text>`
      : html`<text class="beside" x="${px(before ? x - 4 : x + width + 4)}" y="${px(y + 11)}" text-anchor="${before ? 'end' : 'start'}">${kind}</text>`;
  return html`<g class="bar ${kindClass(kind)}"><title>${clipped(told)}</title><rect x="${px(x)}" y="${px(y)}" width="${px(width)}" height="${BAR}" rx="2"/>${label === 'lane' ? '' : name}</g>
`;
}

/** Names that would run into one another stand under one another. */
function milestoneRows(milestones: readonly Milestone[], time: TimeAxis): { readonly rows: number; readonly drawn: readonly Markup[] } {
  const ends: number[] = [];
  const drawn = [...milestones]
    .sort((one, other) => other.atMs - one.atMs)
    .map(({ atMs, name }) => {
      const words = `${name} ${seconds(atMs)} s`;
      const to = time.x(atMs) - 4;
      const from = to - words.length * LABEL_CHAR;
      const free = ends.findIndex((end) => end >= to);
      const row = free < 0 ? ends.length : free;
      ends[row] = from - 6;
      return html`<text class="when" x="${px(to)}" y="${row * MILESTONE_ROW + 10}" text-anchor="end">${words}</text>`;
    });
  return { rows: ends.length, drawn };
}
