import { type Series, summaryOf } from './series.js';
import { niceMax, paper, px, svg, text, thousands } from './svg.js';

const ROW = 26;
const LEFT = 330;
const RIGHT = 120;
const TOP = 44;

/**
 * A bar a series, as long as its median, with a line from its lowest to its highest round. `ours` are accented.
 *
 * A bar that would be thinner than a pixel stays visible; the figure stands beside it.
 */
export function barChart(title: string, series: readonly Series[], ours: (name: string) => boolean): string {
  const width = paper.width - LEFT - RIGHT;
  const max = niceMax(Math.max(...series.map((each) => summaryOf(each).spread.most)));
  const x = (value: number) => LEFT + (value / max) * width;
  const bottom = TOP + series.length * ROW;
  const grid = [0, 0.25, 0.5, 0.75, 1].flatMap((share) => [
    `<line x1="${px(x(max * share))}" y1="${TOP}" x2="${px(x(max * share))}" y2="${bottom}" stroke="${paper.grid}"/>`,
    text(x(max * share), bottom + 16, thousands(max * share), { size: 11, anchor: 'middle', fill: paper.pale }),
  ]);
  const bars = series.flatMap((each, index) => {
    const { median, spread } = summaryOf(each);
    const y = TOP + index * ROW;
    const middle = y + ROW / 2;
    return [
      text(LEFT - 8, middle + 4, each.name, { anchor: 'end' }),
      `<rect x="${LEFT}" y="${px(y + 5)}" width="${px(Math.max(1, x(median) - LEFT))}" height="${ROW - 10}" rx="2" fill="${ours(each.name) ? paper.accent : paper.other}"/>`,
      `<line x1="${px(x(spread.least))}" y1="${px(middle)}" x2="${px(x(spread.most))}" y2="${px(middle)}" stroke="${paper.ink}" stroke-width="1.5"/>`,
      text(Math.max(x(spread.most), x(median)) + 8, middle + 4, `${thousands(median)} ${each.unit}`, { weight: 600 }),
    ];
  });
  return svg(bottom + 30, title, [...grid, ...bars]);
}
