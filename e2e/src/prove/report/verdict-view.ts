import type { Verdict } from '../check/verdict.js';
import { escaped, table } from './markup.js';

const words = { holds: 'holds', broken: 'BROKEN', 'not-checked': 'not checked' } as const;
const SHOWN_MAX = 20;

export function verdictTable(verdicts: readonly Verdict[]): string {
  const rows = verdicts.map(({ invariant, title, result, checked, violations, violationCount, remark }) => [
    `<b>${invariant}</b>`,
    `<span class="mark ${result}">${words[result]}</span>`,
    `${escaped(title)}${remark === null ? '' : `<div class="remark">${escaped(remark)}</div>`}${listed(violations.map(({ what }) => what), violationCount)}`,
    checked.toLocaleString('en-US'),
  ]);
  return table(['', 'verdict', 'what it says', 'looked at'], rows, [3]);
}

function listed(whats: readonly string[], count: number): string {
  if (count === 0) {
    return '';
  }
  const shown = whats.slice(0, SHOWN_MAX);
  const more = count > shown.length ? `<li>… and ${count - shown.length} more</li>` : '';
  return `<ul>${shown.map((what) => `<li>${escaped(what)}</li>`).join('')}${more}</ul>`;
}
