import { describe, expect, it } from 'vitest';
import { canonicalHash } from './canonical-hash.js';

describe('the hash of a body', () => {
  it('is the same however the properties are ordered, at every depth', () => {
    const one = { a: 1, b: [{ c: 2, d: null }] };
    const other = { b: [{ d: null, c: 2 }], a: 1 };
    expect(canonicalHash(one).equals(canonicalHash(other))).toBe(true);
  });

  it('is another for another value, another order of items, or another type', () => {
    const hashes = [{ a: 1 }, { a: '1' }, { a: [1, 2] }, { a: [2, 1] }, { b: 1 }].map((body) =>
      canonicalHash(body).toString('hex'),
    );
    expect(new Set(hashes).size).toBe(hashes.length);
  });
});
