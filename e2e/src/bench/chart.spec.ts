import { describe, expect, it } from 'vitest';
import { barChart } from './bar-chart.js';
import { lineChart } from './line-chart.js';
import { niceMax } from './svg.js';

describe('a bar chart', () => {
  const chart = barChart(
    'rows/s & more',
    [
      { name: 'relay <ours>', unit: 'rows/s', values: [90, 100, 80] },
      { name: 'peer', unit: 'rows/s', values: [1] },
    ],
    (name) => name.startsWith('relay'),
  );

  it('has a bar as long as the median, ours in another colour', () => {
    const bars = [...chart.matchAll(/<rect x="330" [^>]*width="([\d.]+)"[^>]*fill="([^"]+)"/g)].map(([, width, fill]) => [
      Number(width),
      fill,
    ]);
    expect(bars).toEqual([
      [333, '#2f6f8f'],
      [3.7, '#b8c4ce'],
    ]);
  });

  it('shows the rounds that lie apart, and the figure', () => {
    expect(chart).toContain('<line x1="626" y1="57" x2="700" y2="57"');
    expect(chart).toContain('>90 rows/s<');
  });

  it('escapes what is a sign of its own in XML', () => {
    expect(chart).toContain('rows/s &amp; more');
    expect(chart).toContain('relay &lt;ours&gt;');
  });
});

describe('a line chart', () => {
  it('begins at zero, so that what is flat looks flat', () => {
    const chart = lineChart('memory', 'MiB', [
      { name: 'relay', points: [{ seconds: 0, value: 95 }, { seconds: 10, value: 100 }] },
    ]);
    expect(chart).toContain('points="70,62.4 796,52"');
  });
});

describe('an axis', () => {
  it('ends at a round number', () => {
    expect([niceMax(0), niceMax(7), niceMax(11), niceMax(240), niceMax(1_000)]).toEqual([1, 10, 20, 250, 1_000]);
  });
});
