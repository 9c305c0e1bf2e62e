import { describe, expect, it } from 'vitest';
import { brief } from './printable.js';

describe('a cell of a table', () => {
  it('is one line, cut where it is too long', () => {
    expect(brief('duplicate key\n  value', 40)).toBe('duplicate key value');
    expect(brief('abcdefgh', 5)).toBe('abcd…');
    expect(brief('abcde', 5)).toBe('abcde');
    expect(brief(null, 5)).toBe('');
  });
});
