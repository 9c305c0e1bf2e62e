import { services } from '@waybill/contracts';
import { describe, expect, it } from 'vitest';
import { faultKinds } from '../plan.js';
import { seededRandom } from '../random.js';
import type { World } from './fault.js';
import { makeFault } from './make-fault.js';

const SEEDS = 300;
const platform = { process: () => ({}), instancesOf: () => [1, 2] };
const worldOf = (seed: number) => ({ platform, network: {}, watch: {}, instances: 2, random: seededRandom(seed), planted: [] }) as unknown as World;
const shapeOf = (kind: (typeof faultKinds)[number], seed: number) => {
  const { target, detail, durationMs } = makeFault(kind, worldOf(seed));
  return { target, detail, durationMs };
};

describe.each(faultKinds)('faults of the kind %s', (kind) => {
  it('are the same for the same seed', () => {
    for (let seed = 0; seed < 20; seed++) {
      expect(makeFault(kind, worldOf(seed)).kind).toBe(kind);
      expect(shapeOf(kind, seed)).toEqual(shapeOf(kind, seed));
    }
  });

  it('say of whom they are and what they do, and are short', () => {
    for (let seed = 0; seed < SEEDS; seed++) {
      const { target, detail, durationMs } = shapeOf(kind, seed);
      expect(target).not.toBe('');
      expect(detail).not.toBe('');
      expect(durationMs).toBeGreaterThanOrEqual(0);
      expect(durationMs).toBeLessThanOrEqual(15_000);
    }
  });
});

const seen = (kind: (typeof faultKinds)[number], what: 'target' | 'detail') =>
  new Set(Array.from({ length: SEEDS }, (_, seed) => shapeOf(kind, seed)[what]));

describe('the choice of a fault', () => {
  it('kills each instance alone, all of a service, and the carrier', () => {
    const alone = services.flatMap((service) => [`${service}-1`, `${service}-2`]);
    expect([...seen('kill', 'target')].sort()).toEqual([...alone, ...services, 'carrier'].sort());
  });

  it('freezes for longer than a lease lasts, and now and then for longer than Kafka waits', () => {
    const durations = Array.from({ length: SEEDS }, (_, seed) => shapeOf('pause', seed).durationMs);
    expect(Math.min(...durations)).toBeGreaterThan(4_500);
    expect(durations.some((each) => each > 10_000)).toBe(true);
  });

  it('knows several ways in which servers and the carrier fail', () => {
    expect(seen('broker', 'detail').size).toBe(4);
    expect(seen('database', 'detail').size).toBe(6);
    expect(seen('carrier', 'detail').size).toBe(5);
  });
});
