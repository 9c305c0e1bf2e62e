import { type HistoryLine, historyOf } from '../check/history.js';
import type { Verdict } from '../check/verdict.js';
import type { RunRecord } from '../record.js';
import { escaped, seconds, table } from './markup.js';

/** A page with more than these helps nobody. */
const HISTORIES_MAX = 20;
/** So many failing orders are looked at to find those of which there is least to read. */
const CANDIDATES_MAX = 200;

/** The failing orders, the one of which there is least to read first; where none fails, how one order went. */
export function histories(record: RunRecord, verdicts: readonly Verdict[]): string {
  const failing = new Map<string, string[]>();
  for (const { invariant, orderId, what } of verdicts.flatMap(({ violations }) => violations)) {
    if (orderId !== null) {
      failing.set(orderId, [...(failing.get(orderId) ?? []), `${invariant}: ${what}`]);
    }
  }
  if (failing.size === 0) {
    const orderId = richestOrder(record);
    return orderId === undefined
      ? '<p>There were no orders.</p>'
      : `<p>No order fails. How one went, of those that had the most to go through:</p>${view(orderId, historyOf(record, orderId), [], true)}`;
  }
  const smallest = [...failing]
    .slice(0, CANDIDATES_MAX)
    .map(([orderId, whats]) => ({ orderId, whats, lines: historyOf(record, orderId) }))
    .sort((one, other) => one.lines.length - other.lines.length)
    .slice(0, HISTORIES_MAX);
  const more = failing.size > smallest.length ? `<p>${failing.size - smallest.length} more are in the record.</p>` : '';
  return smallest.map(({ orderId, whats, lines }, index) => view(orderId, lines, whats, index === 0)).join('\n') + more;
}

function view(orderId: string, lines: readonly HistoryLine[], whats: readonly string[], isOpen: boolean): string {
  const rows = lines.map(({ atMs, kind, where, text }) => [
    atMs === null ? 'in the end' : seconds(atMs),
    escaped(where),
    `<span class="kind">${escaped(kind)}</span>`,
    escaped(text),
  ]);
  const charges = whats.map((what) => `<p class="charge">${escaped(what)}</p>`).join('');
  return `<details${isOpen ? ' open' : ''}><summary>Order ${escaped(orderId)}, ${lines.length} lines</summary>${charges}${table(['at', 'where', 'what', ''], rows, [0])}</details>`;
}

/** The one with the most requests, and among these with the most events. */
function richestOrder({ requests, ledger, orders }: RunRecord): string | undefined {
  const weights = new Map(orders.map(({ id }) => [id, 0]));
  const add = (id: string | null, weight: number) => {
    const before = id === null ? undefined : weights.get(id);
    if (id !== null && before !== undefined) {
      weights.set(id, before + weight);
    }
  };
  requests.forEach(({ orderId, result }) => add(orderId, result === 'unknown' ? 100 : 10));
  ledger.forEach(({ partitionKey }) => add(partitionKey, 1));
  let best: readonly [string | undefined, number] = [undefined, -1];
  for (const entry of weights) {
    best = entry[1] > best[1] ? entry : best;
  }
  return best[0];
}
