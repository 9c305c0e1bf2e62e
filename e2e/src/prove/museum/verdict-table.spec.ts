import { describe, expect, it } from 'vitest';
import { withTable } from './document.js';
import { exhibitNamed } from './exhibits.js';
import type { MuseumResult } from './run.js';
import { verdictTable } from './verdict-table.js';

const ORDER = '01937fd1-7f5a-7c3e-8a55-0f1b1c2d3e4f';
const exhibit = exhibitNamed('mark-first');

const convicted: MuseumResult = {
  exhibit,
  faults: ['kill', 'broker'],
  seeds: [1, 2],
  seconds: 40,
  conviction: {
    seed: 2,
    invariant: 'I1',
    violation: { invariant: 'I1', orderId: ORDER, what: `order.placed of ${ORDER} is nowhere` },
    violations: 3,
    also: ['I7', 'I9'],
    history: [],
  },
};
const acquitted: MuseumResult = { exhibit, faults: [], seeds: [1, 2, 3, 4, 5], seconds: 200 };
const own: MuseumResult = { exhibit: null, faults: ['kill', 'broker'], seeds: [2], seconds: 40 };

describe('the table of verdicts', () => {
  it('says by which invariant an exhibit was convicted, with which seed, and how', () => {
    expect(verdictTable([convicted, own]).split('\n').slice(2)).toEqual([
      '| `mark-first` | kill, broker | **I1** | 2 | order.placed of …2d3e4f is nowhere (one of 3) | I7, I9 |',
      '| our own design | each of the above, 1 runs | nothing broken | the same |  |  |',
    ]);
  });

  it('hides no acquittal', () => {
    expect(verdictTable([acquitted])).toContain('| `mark-first` | none | acquitted | 1, 2, 3, 4, 5 |');
  });
});

describe('the page', () => {
  const page = 'before\n<!-- begin: npm run prove -- museum --write -->\n\nold\n\n<!-- end -->\nafter\n';

  it('gets a new table, and stays as it is around it', () => {
    const renewed = withTable(page, 'new');
    expect(renewed).toBe(page.replace('old', 'new'));
    expect(withTable(renewed, 'new')).toBe(renewed);
  });

  it('is not written where the marks are missing', () => {
    expect(() => withTable('nothing', 'new')).toThrow(/should hold/);
  });
});
