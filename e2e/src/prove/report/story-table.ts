import { services } from '@waybill/contracts';
import type { HistoryLine } from '../check/history.js';
import { clipped, html, type Markup } from './html.js';
import { withIds } from './short-ids.js';
import type { Stories, Story } from './stories.js';
import { count, listed, many } from './words.js';

/** Who can say something in a story, from the customer inwards. */
const places = ['client', ...services, 'kafka', 'carrier', 'prover'] as const;

export function renderStories({ kind, stories, failing }: Stories): Markup {
  if (stories.length === 0) {
    return html`<p>No order was placed: there is nothing to tell.</p>`;
  }
  const lead =
    kind === 'exemplary'
      ? 'No order fails. This is the one of which there is most to tell.'
      : `${many(failing, 'order')} ${failing === 1 ? 'fails' : 'fail'}; ${stories.length < failing ? `the ${stories.length} of which there is least to read come` : 'the one of which there is least to read comes'} first.`;
  return html`<p>${lead} Time is in ms since the start of the run; “end” is what was left when all was quiet. Of an id the last eight characters are shown:
point at one to see all of it, and where else it stands.</p>
${stories.map((story, index) => renderStory(story, { isOpen: index === 0 }))}`;
}

function renderStory({ orderId, violations, lines, left }: Story, { isOpen }: { readonly isOpen: boolean }): Markup {
  const broken = [...new Set(violations.map(({ invariant }) => invariant))];
  const others = [...new Set(lines.map(({ where }) => where))].filter((where) => !places.some((place) => place === where));
  const columns = [...places, ...others];
  const about = broken.length === 0 ? '' : html` <span class="bad">breaks ${listed(broken)}</span>`;
  return html`<details class="story"${isOpen ? html` open` : ''}><summary>Order <code>${clipped(orderId, 60)}</code>${about} <span class="quiet">${many(lines.length + left, 'line')}</span></summary>
${violations.length === 0 ? '' : html`<ul>${violations.slice(0, 10).map(({ invariant, what }) => html`<li><strong>${invariant}</strong> ${withIds(clipped(what))}</li>`)}</ul>`}
<div class="wide"><table class="lines"><thead><tr><th scope="col" class="n">ms</th><th scope="col" class="n">+</th>${columns.map((column) => html`<th scope="col" class="place"><span>${column === 'prover' ? 'faults' : column}</span></th>`)}<th scope="col">What is known</th></tr></thead>
<tbody>${lines.map((line, index) => rowOf(line, lines[index - 1], columns))}</tbody></table></div>
${left > 0 ? html`<p>${count(left)} more lines are in the record.</p>` : ''}</details>`;
}

function rowOf({ atMs, kind, where, text }: HistoryLine, before: HistoryLine | undefined, columns: readonly string[]): Markup {
  const since = atMs === null || before === undefined || before.atMs === null ? '' : count(atMs - before.atMs);
  const cells = columns.map((column) => (column === where ? html`<td class="dot"><i role="img" aria-label="${where}" title="${where}"></i></td>` : html`<td></td>`));
  return html`<tr class="k-${kind}"><td class="n">${atMs === null ? 'end' : count(atMs)}</td><td class="n quiet">${since}</td>${cells}<td>${withIds(clipped(text))}</td></tr>
`;
}
