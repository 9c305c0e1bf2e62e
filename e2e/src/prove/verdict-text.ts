import { renderHistory, smallestFailing } from './check/history.js';
import type { Verdict } from './check/verdict.js';
import type { FaultSpan, RunRecord } from './record.js';

const SHOWN_MAX = 5;
const marks = { holds: 'holds      ', broken: 'BROKEN     ', 'not-checked': 'not checked' } as const;
const colours = { holds: 32, broken: 31, 'not-checked': 33 } as const;

/** Nothing is broken. */
export function hold(verdicts: readonly Verdict[]): boolean {
  return verdicts.every(({ result }) => result !== 'broken');
}

/** A line an invariant, and the first violations of each that is broken. */
export function renderVerdicts(verdicts: readonly Verdict[], { colour = false }: { readonly colour?: boolean } = {}): string {
  const lines = verdicts.flatMap(({ invariant, title, result, checked, violations, violationCount, remark }) => {
    const mark = colour ? `\u001B[${colours[result]}m${marks[result]}\u001B[0m` : marks[result];
    const shown = violations.slice(0, SHOWN_MAX).map(({ what }) => `        - ${what}`);
    const more = violationCount > shown.length ? [`        - ... and ${violationCount - shown.length} more`] : [];
    const count = result === 'not-checked' ? '' : `${checked} looked at`;
    const head = `  ${invariant.padEnd(4)}${mark}  ${title}  (${[count, remark].filter(Boolean).join('; ')})`;
    return [head, ...shown, ...(result === 'broken' ? more : [])];
  });
  const verdict = hold(verdicts) ? 'The promise held.' : 'THE PROMISE WAS BROKEN.';
  return `\n${lines.join('\n')}\n\n  ${verdict}`;
}

/** How long it took after each kind of fault until no backlog was left. */
export function renderRecoveries(faults: readonly FaultSpan[]): string {
  const kinds = [...new Set(faults.map(({ kind }) => kind))];
  const lines = kinds.map((kind) => {
    const known = faults.filter((fault) => fault.kind === kind).flatMap(({ recoveredMs }) => recoveredMs ?? []);
    const count = faults.filter((fault) => fault.kind === kind).length;
    const longest =
      known.length === 0
        ? 'the next fault came before the recovery'
        : `recovered after at most ${(Math.max(...known) / 1_000).toFixed(1)} s`;
    return `  ${kind.padEnd(10)}${String(count).padStart(4)} times, ${longest}`;
  });
  return lines.length === 0 ? '' : `\n${lines.join('\n')}`;
}

/** Of the failing orders the one of which there is least to read; empty when none fails. */
export function renderFailure(record: RunRecord, verdicts: readonly Verdict[]): string {
  const failing = smallestFailing(record, verdicts);
  return failing === undefined ? '' : `\n  The smallest failing history, order ${failing.orderId}:\n\n${renderHistory(failing.lines)}\n`;
}
