import { readdir } from 'node:fs/promises';
import { describe, expect, it } from 'vitest';
import { invariants } from '../check/verdict.js';
import { exhibitNamed, exhibits } from './exhibits.js';

/** The list that the museum has to show. */
const WRONG_DESIGNS = [
  'Dual write without an outbox',
  'Publish, then commit',
  'A relay that marks before the acknowledgement',
  'Two relays without claims',
  'An `id > last` poller',
  'acks = 0',
  'Auto-commit before the effect',
  'The inbox row outside the transaction',
  'A shared inbox key for two consumers',
  'A retry topic that loses order',
  'A dedup window shorter than a replay',
];

describe('the museum', () => {
  it('has an exhibit of every wrong design', () => {
    expect(exhibits.map(({ title }) => title)).toEqual(WRONG_DESIGNS);
  });

  it('has a file for each exhibit, and no other', async () => {
    const files = await readdir(new URL('designs/', import.meta.url));
    expect(files.sort()).toEqual(exhibits.map(({ name }) => `${name}.ts`).sort());
    expect(new Set(exhibits.map(({ name }) => name)).size).toBe(exhibits.length);
  });

  it.each(exhibits)('$name fits the parts that it replaces', async ({ design }) => {
    const { install } = await design();
    // Into this process, one over another: nothing runs in it.
    expect(install).not.toThrow();
  });

  it.each(exhibits)('$name is charged with invariants that exist', ({ breaks }) => {
    expect(breaks.length).toBeGreaterThan(0);
    expect(breaks.filter((charge) => !invariants.includes(charge))).toEqual([]);
  });

  it('says which exhibits there are when it is asked for another', () => {
    expect(() => exhibitNamed('mona-lisa')).toThrow(/expected one of dual-write, .*, got mona-lisa/);
  });
});
