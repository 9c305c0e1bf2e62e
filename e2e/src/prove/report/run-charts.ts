import type { Sample } from '../record.js';
import type { TimeAxis } from './time-axis.js';
import { type Curve, timeChart } from './time-chart.js';

/** What was seen of the platform while the faults were made. */
export function runCharts(samples: readonly Sample[], axis: TimeAxis): string {
  const curve = (name: string, valueOf: (sample: Sample) => number | null): Curve => ({
    name,
    points: samples.map((sample) => ({ atMs: sample.atMs, value: valueOf(sample) })),
  });
  return [
    timeChart('Throughput', 'orders a second', [rate('accepted', samples, ({ accepted }) => accepted), rate('ended', samples, ({ ended }) => ended)], axis),
    timeChart('Answers', 'ms', [curve('median', ({ p50Ms }) => p50Ms), curve('99th percentile', ({ p99Ms }) => p99Ms)], axis),
    timeChart('Backlog', 'events', [curve('rows in outboxes', ({ outboxRows }) => outboxRows), curve('records unread', ({ lag }) => lag)], axis),
    timeChart('Not at their end yet', 'orders', [curve('accepted, less ended', ({ accepted, ended }) => Math.max(0, accepted - ended))], axis),
  ].join('\n');
}

/** Over the last four samples, so that a curve is no comb. */
const WINDOW = 4;

function rate(name: string, samples: readonly Sample[], countOf: (sample: Sample) => number): Curve {
  const points = samples.slice(1).map((sample, index) => {
    const before = samples[Math.max(0, index + 1 - WINDOW)];
    const spanMs = before === undefined ? 0 : sample.atMs - before.atMs;
    return { atMs: sample.atMs, value: before === undefined || spanMs <= 0 ? null : (Math.max(0, countOf(sample) - countOf(before)) * 1_000) / spanMs };
  });
  return { name, points };
}
