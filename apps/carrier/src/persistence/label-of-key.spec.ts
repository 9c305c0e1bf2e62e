import { describe, expect, it } from 'vitest';
import { labelOf } from './label-of-key.js';

describe('the label of a key', () => {
  it('is the same for the same key, and another for another', () => {
    expect(labelOf('a')).toEqual(labelOf('a'));
    expect(labelOf('a').id).not.toBe(labelOf('b').id);
    expect(labelOf('a').trackingCode).not.toBe(labelOf('b').trackingCode);
  });
});
