import { beforeEach, describe, expect, it } from 'vitest';
import type { ItemOutcome } from './bulk.js';
import { type BulkChangeOptions, changeSelected } from './bulk-change.js';

let printed: string[];
let said: string[];

beforeEach(() => {
  printed = [];
  said = [];
});

/** One change for each outcome, in this order. */
function change(outcomes: readonly ItemOutcome[], options: Partial<BulkChangeOptions> = {}): Promise<number> {
  const database = { service: 'orders' as const, place: 'db.example.com:5432/orders', transaction: () => Promise.reject(new Error('not here')) };
  return changeSelected(
    {
      action: 'dead.retry',
      noun: 'dead event',
      done: (count) => (count === 1 ? 'is tried again' : 'are tried again'),
      found: outcomes.map((item) => ({ database, item })),
      listing: () => ({ heading: [], rows: [], none: '', more: false }),
      inJson: ({ item }) => item,
      change: ({ item }) => Promise.resolve(item),
    },
    { limit: undefined, rate: undefined, 'dry-run': false, json: false, ...options },
    { env: {}, print: (line) => printed.push(line), say: (line) => said.push(line), colour: false },
  );
}

describe('a change to many', () => {
  it.each<[ItemOutcome[], string, number]>([
    [['changed'], '  1 dead event is tried again.', 0],
    [['changed', 'changed'], '  2 dead events are tried again.', 0],
    [['changed', 'gone'], '  1 dead event is tried again. 1 dead event had changed meanwhile and stayed as it was.', 0],
    [['gone', 'gone'], '  0 dead events are tried again. 2 dead events had changed meanwhile and stayed as they were.', 1],
    [[], '  0 dead events are tried again.', 0],
  ])('of which became %j says "%s" and answers %d', async (outcomes, words, exitCode) => {
    expect(await change(outcomes)).toBe(exitCode);
    expect(printed).toEqual([words]);
  });

  it.each<[number, string]>([
    [1, '2 more match; --limit left them as they are.'],
    [2, '1 more matches; --limit left it as it is.'],
  ])('says what --limit %d left out, also before it is made', async (limit, words) => {
    const outcomes: ItemOutcome[] = ['changed', 'changed', 'changed'];
    await change(outcomes, { limit });
    expect(printed.at(-1)).toContain(words);
    await change(outcomes, { limit, 'dry-run': true });
    expect(printed.at(-1)).toContain(words);
  });

  it('names the databases first, once each', async () => {
    await change(['changed', 'changed']);
    expect(said[0]).toBe('  dead.retry in orders at db.example.com:5432/orders');
    expect(said.filter((line) => line.includes(' at '))).toHaveLength(1);
  });
});
