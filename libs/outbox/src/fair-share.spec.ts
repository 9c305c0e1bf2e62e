import { describe, expect, it } from 'vitest';
import { fairShare } from './fair-share.js';

describe('fairShare', () => {
  it('divides all shards, and no two members differ by more than one', () => {
    for (let count = 1; count <= 70; count++) {
      const members = Array.from({ length: count }, (_, index) => `relay-${index}`);
      const shares = members.map((member) => fairShare(member, members, 64));
      expect(shares.reduce((sum, share) => sum + share, 0)).toBe(64);
      expect(Math.max(...shares) - Math.min(...shares)).toBeLessThanOrEqual(1);
    }
  });

  it('does not depend on the order in which members are listed', () => {
    expect(fairShare('b', ['a', 'b', 'c'], 64)).toBe(fairShare('b', ['c', 'b', 'a'], 64));
  });

  it('gives nothing to somebody who is no member', () => {
    expect(fairShare('x', ['a', 'b'], 64)).toBe(0);
  });
});
