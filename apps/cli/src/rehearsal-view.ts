import type { Service } from '@waybill/contracts';
import type { Rehearsal } from '@waybill/database/rehearsal';
import type { Palette } from './palette.js';

/** One rehearsal, as a person reads it. */
export function renderRehearsal(service: Service, rehearsal: Rehearsal, paint: Palette): string {
  const { name, declaredMs, measured, readers, longestLockWaitMs, problem } = rehearsal;
  const { maxStallMs, p99Ms, quietMaxMs, lockModes, rewritten, durationMs, tries, rows, lockHolderMs, walMb, grownMb } = measured;
  const modes = Object.entries(lockModes).map(([table, taken]) => `${table}: ${taken.join(', ') || 'none seen'}`);
  const declared = declaredMs === undefined ? 'declares none' : `declared ${declaredMs}`;
  const lines = [
    `${problem === undefined ? paint.good('✓') : paint.bad('✗')} ${service} ${paint.bold(name)}`,
    `longest wait of a writer  ${maxStallMs} ms (${declared}); p99 ${p99Ms} ms; ${quietMaxMs} ms without it`,
    `longest wait of a reader  ${Math.ceil(readers.max)} ms; for a lock ${longestLockWaitMs} ms`,
    `it took                   ${(durationMs / 1_000).toFixed(1)} s in ${tries} ${tries === 1 ? 'try' : 'tries'}, on ${rows} rows a table, behind a reader of ${lockHolderMs} ms`,
    `locks                     ${modes.join('; ') || 'of no table that there was'}`,
    `written anew              ${rewritten.join(', ') || 'no table'}; ${walMb} MB of WAL with the load, tables ${grownMb} MB larger`,
  ];
  return [...lines, ...(problem === undefined ? [] : [paint.bad(problem)])].join('\n    ');
}
