import type { Verdict } from '../check/verdict.js';
import { clipped, html, type Markup } from './html.js';
import { withIds } from './short-ids.js';
import { count, many } from './words.js';

const SHOWN_AT_ONCE = 5;
const SHOWN_MOST = 20;
const words = { holds: '✓ holds', broken: '✗ broken', 'not-checked': '– not checked' } as const;
const tones = { holds: 'good', broken: 'bad', 'not-checked': 'open' } as const;

/** A row an invariant, with what was found under those that are broken. */
export function renderInvariants(verdicts: readonly Verdict[]): Markup {
  return html`<div class="wide"><table class="invariants"><thead><tr><th scope="col">No.</th><th scope="col">Invariant</th><th scope="col" class="n">Looked at</th><th scope="col">Verdict</th><th scope="col">Remark</th></tr></thead>
<tbody>${verdicts.map(rowOf)}</tbody></table></div>`;
}

function rowOf(verdict: Verdict): Markup {
  const { invariant, title, result, checked, remark } = verdict;
  const nothing = result === 'holds' && checked === 0 ? 'there was nothing to look at: this proves nothing' : null;
  const said = [remark, nothing].filter((each) => each !== null).join('; ');
  return html`<tr id="${invariant}"><th scope="row">${invariant}</th><td>${clipped(title, 200)}</td><td class="n">${result === 'not-checked' ? '–' : count(checked)}</td><td class="${tones[result]}">${words[result]}</td><td class="remark">${clipped(said)}</td></tr>
${result === 'broken' ? html`<tr class="found"><td></td><td colspan="4">${violationsOf(verdict)}</td></tr>` : ''}`;
}

function violationsOf({ violations, violationCount }: Verdict): Markup {
  const shown = violations.slice(0, SHOWN_MOST).map(
    ({ what, orderId }) => html`<li>${withIds(clipped(what))}${orderId === null || what.includes(orderId) ? '' : html` <span class="quiet">order ${withIds(clipped(orderId, 60))}</span>`}</li>
`,
  );
  const left = violationCount - shown.length;
  const rest = shown.slice(SHOWN_AT_ONCE);
  return html`<p>${many(violationCount, 'violation')}</p><ul>${shown.slice(0, SHOWN_AT_ONCE)}</ul>${rest.length === 0 ? '' : html`<details><summary>${rest.length} more</summary><ul>${rest}</ul></details>`}${left > 0 ? html`<p class="quiet">${count(left)} are not shown: <code>npm run prove -- check FILE --json</code> lists them.</p>` : ''}`;
}
