import { describe, expect, it } from 'vitest';
import { shardOf, SHARDS } from './shard.js';

describe('shardOf', () => {
  // Computed once with the reference FNV-1a; the shard is stored, so a change of the hash would split an aggregate.
  it('never changes', () => {
    expect(shardOf('order', '01937fd1-7f5a-7c3e-8a55-0f1b1c2d3e4f')).toBe(
      Number(fnv1a('order:01937fd1-7f5a-7c3e-8a55-0f1b1c2d3e4f') % 64n),
    );
    expect(shardOf('', '')).toBe(Number(fnv1a(':') % 64n));
  });

  it('uses every shard', () => {
    const shards = new Set(Array.from({ length: 2_000 }, (_, index) => shardOf('order', String(index))));
    expect(shards.size).toBe(SHARDS);
  });
});

/** http://www.isthe.com/chongo/tech/comp/fnv: 32 bit, in arithmetic that cannot overflow. */
function fnv1a(text: string): bigint {
  return [...Buffer.from(text)].reduce(
    (hash, byte) => ((hash ^ BigInt(byte)) * 0x01000193n) & 0xffffffffn,
    0x811c9dc5n,
  );
}
