import { aligned } from '../../bench/text-table.js';
import { faultsOf } from './judgement.js';
import type { RollingResult } from './run.js';

const head = ['stop', 'requests', 'failed', 'exit codes', 'longest stop', 'slowest order', 'p99', 'seconds', ''];

/** One line a restart. */
export function rollingTable(results: readonly RollingResult[]): string {
  return aligned([head, ...results.map(cellsOf)]);
}

function cellsOf(result: RollingResult): string[] {
  const { leftOut, load, stops, slowestOrderMs, seconds } = result;
  const failed = load.failures.map(({ kind, count }) => `${count} ${kind}`).join(', ') || '0';
  return [
    leftOut === undefined ? 'as it is' : `without ${leftOut.name}`,
    String(load.sent),
    failed,
    exitsOf(result),
    `${(Math.max(0, ...stops.map(({ ms }) => ms)) / 1_000).toFixed(1)} s`,
    slowestOrderMs === null ? 'not ended' : `${(slowestOrderMs / 1_000).toFixed(1)} s`,
    `${Math.round(load.latencyMs.p99)} ms`,
    `${Math.round(seconds)} s`,
    wordsOf(result),
  ];
}

/** Six zeros are one word. */
function exitsOf({ stops }: RollingResult): string {
  const codes = stops.map(({ exit }) => String(exit));
  return codes.length > 2 && codes.every((code) => code === codes[0]) ? `${codes.length} times ${codes[0]}` : codes.join(', ');
}

function wordsOf(result: RollingResult): string {
  const isFaulty = faultsOf(result).length > 0;
  if (result.leftOut === undefined) {
    return isFaulty ? 'FAILS' : 'as it should be';
  }
  if (result.leftOut.shows === 'nothing') {
    return isFaulty ? 'fails, which it need not' : 'makes no difference';
  }
  return isFaulty ? 'fails, as it should' : 'FAILS NOTHING';
}
