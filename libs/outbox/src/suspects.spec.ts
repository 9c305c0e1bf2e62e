import { describe, expect, it } from 'vitest';
import type { OutboxRow } from './outbox-batch.js';
import { halved, poisonous } from './suspects.js';

const rows = Array.from({ length: 10 }, (_, index) => ({ seq: String(100 + index) }) as OutboxRow);
const together = { firstSeq: 100, lastSeq: 107, rowCount: 8 };
const alone = { firstSeq: 101, lastSeq: 101, rowCount: 1 };

describe('halved', () => {
  it('leaves a batch whole that nobody died of', () => {
    expect(halved(rows, [])).toBe(rows);
    expect(halved(rows, [{ firstSeq: 1, lastSeq: 99, rowCount: 4 }])).toBe(rows);
  });

  it('sends half of the smallest send that somebody died of, at last one row alone', () => {
    expect(halved(rows, [together])).toHaveLength(4);
    expect(halved(rows, [together, { ...together, lastSeq: 103, rowCount: 4 }])).toHaveLength(2);
    expect(halved(rows, [together, alone])).toHaveLength(1);
  });
});

describe('poisonous', () => {
  it('counts only deaths while a row was sent alone', () => {
    expect(poisonous(rows, [together, together, together, alone, alone])).toEqual([]);
    expect(poisonous(rows, [alone, alone, alone]).map(({ seq }) => seq)).toEqual(['101']);
  });
});
