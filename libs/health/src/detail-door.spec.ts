import { describe, expect, it } from 'vitest';
import { DetailDoor } from './detail-door.js';

describe('the door to the detail', () => {
  it('is no door without a token', () => {
    for (const token of [undefined, '']) {
      expect(new DetailDoor(token).admit('Bearer ')).toBe('closed');
      expect(new DetailDoor(token).admit(undefined)).toBe('closed');
    }
  });

  it.each([
    ['Bearer open-sesame', 'admitted'],
    ['bearer open-sesame', 'admitted'],
    ['Bearer open-sesam', 'refused'],
    ['Bearer open-sesame2', 'refused'],
    ['Basic open-sesame', 'refused'],
    ['open-sesame', 'refused'],
    ['Bearer', 'refused'],
    ['', 'refused'],
    [undefined, 'refused'],
  ])('answers %j with %s', (authorization, admission) => {
    expect(new DetailDoor('open-sesame').admit(authorization)).toBe(admission);
  });
});
