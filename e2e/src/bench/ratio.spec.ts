import { describe, expect, it } from 'vitest';
import { rows } from './figure.js';
import { best, ratios } from './ratio.js';
import { SeriesBook } from './series.js';

function book(): SeriesBook {
  const kept = new SeriesBook();
  for (const [name, value] of [['raw', 100], ['raw', 80], ['raw', 90], ['relay', 72], ['peer a', 4], ['peer b', 6]] as const) {
    kept.add(name, 'rows/s', value);
  }
  return kept;
}

describe('ratios', () => {
  it('are of medians, and say whether the goal is reached', () => {
    const goal = { at: 'least', value: 0.85 } as const;
    const figures = ratios(book(), [{ name: 'relay / raw', of: 'relay', to: 'raw', goal }]);
    expect(rows(figures)).toEqual([['relay / raw', '0.8 x', '>= 0.85 x', 'NO']]);
  });

  it('leave out what this run has not measured', () => {
    const goal = { at: 'least', value: 2 } as const;
    expect(ratios(book(), [{ name: 'other', of: 'second driver', to: 'raw', goal }])).toEqual([]);
  });

  it('take the best of several as the one to beat', () => {
    expect(best(book(), ['peer a', 'peer b', 'peer c'])).toBe('peer b');
    expect(best(book(), ['peer c'])).toBeUndefined();
  });
});
