import { describe, expect, it } from 'vitest';
import { inRounds, rotated } from './rounds.js';
import { SeriesBook, summaryOf } from './series.js';

describe('series', () => {
  it('keep a value a round, in the order of the names', () => {
    const book = new SeriesBook();
    book.add('relay', 'rows/s', 10);
    book.add('raw', 'rows/s', 12);
    book.add('relay', 'rows/s', 30, 'node 20 us');
    book.add('relay', 'rows/s', 20);
    const [relay] = book.all();
    expect(book.all().map(({ name }) => name)).toEqual(['relay', 'raw']);
    expect(relay).toEqual({ name: 'relay', unit: 'rows/s', values: [10, 30, 20], note: 'node 20 us' });
    expect(summaryOf(relay!)).toEqual({ median: 20, spread: { least: 10, most: 30 } });
    expect([book.median('raw'), book.has('peer')]).toEqual([12, false]);
  });
});

describe('rounds', () => {
  it('run every case in each round, and begin with another one each time', async () => {
    const order: string[] = [];
    const cases = ['a', 'b', 'c'].map((name) => ({ name, run: async () => void order.push(name) }));
    await inRounds(cases, 2, () => undefined);
    expect(order.join('')).toBe('abcbca');
    expect(rotated([], 3)).toEqual([]);
  });
});
