import { describe, expect, it } from 'vitest';
import { reached, rows } from './figure.js';
import { bucketsOf, quantile, since } from './histogram.js';

describe('figures', () => {
  it('say whether they reach what was asked for', () => {
    expect(reached({ name: 'p99', value: 51, unit: 'ms', goal: { at: 'most', value: 50 } })).toBe(false);
    expect(reached({ name: 'rate', value: 1_000, unit: '/s', goal: { at: 'least', value: 1_000 } })).toBe(true);
    expect(rows([{ name: 'rate', value: 1234.5, unit: '/s', goal: { at: 'least', value: 2_000 } }])).toEqual([
      ['rate', '1235 /s', '>= 2000 /s', 'NO'],
    ]);
  });
});

describe('histograms', () => {
  const scrape = [
    'latency_bucket{le="0.001",service="orders"} 0',
    'latency_bucket{service="orders",le="0.002"} 50',
    'latency_bucket{le="0.004",service="orders"} 100',
    'latency_bucket{le="+Inf",service="orders"} 100',
    'latency_count{service="orders"} 100',
  ].join('\n');

  it('are read from a scrape and interpolated', () => {
    const buckets = bucketsOf(scrape, 'latency');
    expect(quantile(buckets, 0.5)).toBeCloseTo(0.002);
    expect(quantile(buckets, 0.75)).toBeCloseTo(0.003);
  });

  it('count only what came between two scrapes', () => {
    const buckets = bucketsOf(scrape, 'latency');
    expect([...since(buckets, buckets).values()]).toEqual([0, 0, 0, 0]);
  });
});
