import type { FaultSpan, RunHeader } from '../record.js';
import { escaped, seconds } from './markup.js';
import { CHART_WIDTH, type TimeAxis } from './time-axis.js';

const ROW = 26;
const TOP = 8;
const MIN_WIDTH = 3;

/** A lane for each target, a bar for each fault, and the moments at which the load ended, all was healed, and all was quiet. */
export function faultLanes(faults: readonly FaultSpan[], run: RunHeader, axis: TimeAxis): string {
  const targets = [...new Set(faults.map(({ target }) => target))];
  const height = TOP + Math.max(1, targets.length) * ROW;
  const lanes = targets.map((target, index) => {
    const y = TOP + index * ROW;
    const bars = faults.filter((fault) => fault.target === target).map((fault) => bar(fault, y, axis));
    const name = `<text class="lane" x="${axis.left - 10}" y="${y + 17}" text-anchor="end">${escaped(shortened(target))}</text>`;
    return `${name}<line class="grid" x1="${axis.left}" x2="${axis.right}" y1="${y + ROW - 1}" y2="${y + ROW - 1}"/>${bars.join('')}`;
  });
  const none = targets.length > 0 ? '' : `<text class="lane" x="${axis.left}" y="${TOP + 17}">no faults</text>`;
  const words = `${faults.length} faults on ${targets.length} targets`;
  return `<svg viewBox="0 0 ${CHART_WIDTH} ${height + 24}" role="img" aria-label="${words}">
${axis.grid(TOP, height)}${moments(run, height, axis)}${none}
${lanes.join('\n')}
${axis.labels(height + 18)}
</svg>`;
}

function bar({ kind, target, detail, startMs, endMs, recoveredMs }: FaultSpan, y: number, axis: TimeAxis): string {
  const x = axis.x(startMs);
  const width = Math.max(MIN_WIDTH, axis.x(endMs) - x);
  const recovered = recoveredMs === null ? '' : `; recovered ${seconds(recoveredMs)} later`;
  const title = `${kind}: ${target}, ${detail}, from ${seconds(startMs)} to ${seconds(endMs)}${recovered}`;
  const tail =
    recoveredMs === null
      ? ''
      : `<line class="recovery" x1="${x + width}" x2="${axis.x(endMs + recoveredMs)}" y1="${y + 12}" y2="${y + 12}"/>`;
  return `<g class="fault ${escaped(kind)}"><title>${escaped(title)}</title>${tail}<rect x="${x}" y="${y + 3}" width="${width}" height="${ROW - 8}" rx="2"/><text x="${x + width + 4}" y="${y + 16}">${escaped(kind)}</text></g>`;
}

function moments({ loadEndedMs, healedMs, quietMs }: RunHeader, height: number, axis: TimeAxis): string {
  const all: readonly (readonly [string, number | null])[] = [
    ['the last order was answered', loadEndedMs],
    ['everything was healed', healedMs],
    ['everything was quiet', quietMs],
  ];
  return all
    .flatMap(([name, at]) => (at === null ? [] : [{ name, at }]))
    .map(({ name, at }) => `<line class="moment" x1="${axis.x(at)}" x2="${axis.x(at)}" y1="0" y2="${height}"><title>${name}: ${seconds(at)}</title></line>`)
    .join('');
}

const NAME_MAX = 22;

function shortened(name: string): string {
  return name.length <= NAME_MAX ? name : `${name.slice(0, NAME_MAX - 1)}…`;
}
