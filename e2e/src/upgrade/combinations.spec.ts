import { services } from '@waybill/contracts';
import { describe, expect, it } from 'vitest';
import { combinations, nameOf } from './combinations.js';

describe('the combinations of two versions', () => {
  it('have every pair of services in both directions', () => {
    for (const schemas of [true, false]) {
      const all = combinations({ schemas });
      for (const older of services) {
        for (const newer of services.filter((service) => service !== older)) {
          expect(all.some(({ mix }) => mix[older] === 'older' && mix[newer] === 'newer'), `${older} older, ${newer} newer`).toBe(true);
        }
      }
    }
  });

  it('never ask a version of orders to stand on a schema that it does not know, and never go back to an older schema', () => {
    const all = combinations({ schemas: true });
    const order = ['older', 'shared', 'newer'];
    expect(all.map(({ schema }) => order.indexOf(schema))).toEqual(all.map(({ schema }) => order.indexOf(schema)).toSorted());
    expect(all.filter(({ schema, mix }) => schema === 'older' && mix.orders !== 'older')).toEqual([]);
    expect(all.filter(({ schema, mix }) => schema === 'newer' && mix.orders !== 'newer')).toEqual([]);
    expect(new Set(all.map(nameOf)).size).toBe(all.length);
  });

  it('can be chosen by a part of their name', () => {
    const chosen = combinations({ schemas: true }, 'orders older, inventory newer');
    expect(chosen.map(({ schema }) => schema)).toEqual(['older', 'shared']);
  });
});
