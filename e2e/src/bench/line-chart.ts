import { niceMax, paper, px, svg, text, thousands } from './svg.js';

export interface Point {
  readonly seconds: number;
  readonly value: number;
}

export interface Line {
  readonly name: string;
  readonly points: readonly Point[];
}

const HEIGHT = 300;
const LEFT = 70;
const RIGHT = 24;
const TOP = 52;
const BOTTOM = 40;
const COLOURS = ['#2f6f8f', '#c2703d', '#5b8c5a', '#7a5c99'];

/** Values over time, all on one axis that begins at zero: what is flat must look flat. */
export function lineChart(title: string, unit: string, lines: readonly Line[]): string {
  const points = lines.flatMap((line) => line.points);
  const end = Math.max(1, ...points.map(({ seconds }) => seconds));
  const max = niceMax(Math.max(...points.map(({ value }) => value)));
  const x = (seconds: number) => LEFT + (seconds / end) * (paper.width - LEFT - RIGHT);
  const y = (value: number) => HEIGHT - BOTTOM - (value / max) * (HEIGHT - TOP - BOTTOM);
  const grid = [0, 0.25, 0.5, 0.75, 1].flatMap((share) => [
    `<line x1="${LEFT}" y1="${px(y(max * share))}" x2="${paper.width - RIGHT}" y2="${px(y(max * share))}" stroke="${paper.grid}"/>`,
    text(LEFT - 8, y(max * share) + 4, thousands(max * share), { size: 11, anchor: 'end', fill: paper.pale }),
  ]);
  const axis = [
    text(LEFT, HEIGHT - 14, '0 s', { size: 11, fill: paper.pale }),
    text(paper.width - RIGHT, HEIGHT - 14, `${thousands(end)} s`, { size: 11, anchor: 'end', fill: paper.pale }),
    text(paper.width - RIGHT, 26, unit, { size: 12, anchor: 'end', fill: paper.pale }),
  ];
  const drawn = lines.flatMap((line, index) => {
    const colour = COLOURS[index % COLOURS.length] ?? paper.ink;
    const path = line.points.map(({ seconds, value }) => `${px(x(seconds))},${px(y(value))}`).join(' ');
    return [
      `<polyline points="${path}" fill="none" stroke="${colour}" stroke-width="1.8"/>`,
      text(LEFT + index * 180, TOP - 8, line.name, { weight: 600, fill: colour }),
    ];
  });
  return svg(HEIGHT, title, [...grid, ...axis, ...drawn]);
}
