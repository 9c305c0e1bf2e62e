import { describe, expect, it } from 'vitest';
import { drawFaultLanes } from './fault-lanes.js';
import { madeUpFault } from './made-up-record.js';
import { timeAxis } from './time-axis.js';

const time = timeAxis(20_000);
const barsOf = (svg: string) => [...svg.matchAll(/<rect x="([\d.]+)" y="([\d.]+)" width="([\d.]+)"/g)].map((match) => match.slice(1).map(Number));
const lanesOf = (svg: string) => [...svg.matchAll(/class="lane"[^>]*>([^<]*)</g)].map(([, name]) => name);

describe('the lanes of faults', () => {
  it('are one for each target, and each bar says its kind', () => {
    const { text } = drawFaultLanes(
      [madeUpFault({}), madeUpFault({ target: 'kafka', kind: 'broker', startMs: 5_000, endMs: 10_000 }), madeUpFault({ startMs: 12_000, endMs: 13_000 })],
      time,
      [],
    );
    expect(lanesOf(text)).toEqual(['orders-1', 'kafka']);
    expect(barsOf(text)).toHaveLength(3);
    expect(text.match(/>kill</g)).toHaveLength(2);
    expect(text).toContain('>broker<');
    expect(text).toContain('<title>broker of kafka, 5.0 s to 10.0 s: kill -9</title>');
  });

  it('have a row for each of two bars that overlap', () => {
    const { text } = drawFaultLanes([madeUpFault({ startMs: 1_000, endMs: 9_000 }), madeUpFault({ kind: 'pause', startMs: 5_000, endMs: 12_000 })], time, []);
    const [[, one] = [], [, other] = []] = barsOf(text);
    expect(lanesOf(text)).toEqual(['orders-1']);
    expect(one).not.toBe(other);
  });

  it('keep every bar and label on the sheet', () => {
    const { text } = drawFaultLanes([madeUpFault({ startMs: 19_900, endMs: 99_000 })], time, []);
    for (const [x = 0, , width = 0] of barsOf(text)) {
      expect(x + width).toBeLessThanOrEqual(1_000);
    }
    expect(text).toMatch(/class="beside"[^>]*text-anchor="end">kill</);
  });

  it('say the kind when there are too many bars for a label each', () => {
    const faults = Array.from({ length: 200 }, (_, index) => madeUpFault({ kind: index % 2 === 0 ? 'kill' : 'pause', startMs: index * 90, endMs: index * 90 + 60 }));
    expect(lanesOf(drawFaultLanes(faults, time, []).text)).toEqual(['kill orders-1', 'pause orders-1']);
  });

  it('say that there were none', () => {
    expect(drawFaultLanes([], time, [{ atMs: 10_000, name: 'healed' }]).text).toContain('no faults');
  });
});
