import { services } from '@waybill/contracts';
import type { ControlResult } from './controls.js';
import type { MatrixRow } from './matrix.js';
import { failed } from './traffic.js';
import type { UpgradeReport } from './upgrade-run.js';

/** A line a step, then what became of the requests. */
export function renderUpgrade({ steps, load }: Pick<UpgradeReport, 'steps' | 'load'>): string {
  const lines = steps.map(({ name, startMs, endMs, columns: { rows, unfilled, id, ref }, problem }) => {
    const sums = [id, ref].map((sum) => (sum === null ? '-' : sum.slice(0, 8)));
    const took = `${(startMs / 1_000).toFixed(1).padStart(6)} s ${((endMs - startMs) / 1_000).toFixed(1).padStart(5)} s`;
    return `  ${took}  ${`${rows} rows, ${unfilled} unfilled`.padEnd(27)} ${sums.map((sum) => sum.padEnd(8)).join(' ')}  ${problem === undefined ? '' : 'PROBLEM '}${name}${problem === undefined ? '' : `: ${problem}`}`;
  });
  const { p50, p99, max } = load.latencyMs;
  const failures = load.failures.map(({ kind, count, example }) => `    ${count} times ${kind}; the first: ${example}`);
  return [
    '\n    begins  takes                              id       ref       (beginnings of the checksums)',
    ...lines,
    `\n  ${failed(load)} of ${load.sent} requests failed; p50 ${p50.toFixed(0)} ms, p99 ${p99.toFixed(0)} ms, max ${max.toFixed(0)} ms`,
    ...failures,
  ].join('\n');
}

export function renderControls(controls: readonly ControlResult[]): string {
  const lines = controls.map(({ name, sent, failed: lost }) => `  ${lost === 0 ? 'NOT SEEN' : 'fails   '}  ${String(lost).padStart(5)} of ${sent} requests  ${name}`);
  return ['\n  The same change made otherwise, which has to fail:', ...lines].join('\n');
}

/** A line a combination: what each service ran, on which schema, in which form its parcels were announced, and what was found. */
export function renderMatrix(rows: readonly MatrixRow[]): string {
  const head = [...services, 'schema', 'orders', 'v1 / v2', 'requests', 'failed', 'violations'];
  const cells = rows.map(({ combination: { schema, mix }, older, newer, orders, requests, failed: lost, violations, dispatched }) => [
    ...services.map((service) => ({ older, newer, both: `${older} + ${newer}` })[mix[service]]),
    { older, newer, shared: 'both can' }[schema],
    String(orders),
    `${dispatched.v1} / ${dispatched.v2}`,
    ...[requests, lost, violations].map(String),
  ]);
  const widths = head.map((title, column) => Math.max(title.length, ...cells.map((row) => row[column]?.length ?? 0)));
  const lines = [head, ...cells].map((row) => `  ${row.map((cell, column) => (column < 4 ? cell.padEnd(widths[column] ?? 0) : cell.padStart(widths[column] ?? 0))).join('  ')}`);
  const examples = rows.flatMap(({ example }) => (example === '' ? [] : [`    - ${example}`]));
  return ['', ...lines, ...examples].join('\n');
}
