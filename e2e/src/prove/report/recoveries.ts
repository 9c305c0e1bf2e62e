import type { FaultSpan } from '../record.js';
import { BARS_MOST, kindClass } from './fault-lanes.js';
import { clipped, html, type Markup } from './html.js';
import { recoveryBoundMs, type RecoveryResult, recoveryResult } from './recovery-bound.js';
import { count, seconds } from './words.js';

const LISTED_OPEN_MOST = 40;

const words: Readonly<Record<RecoveryResult, string>> = {
  within: '✓ within the bound',
  late: '✗ too late',
  unbounded: '✓ recovered',
  overtaken: 'the next fault came first',
  never: '✗ not while the run lasted',
};
const tones: Readonly<Record<RecoveryResult, string>> = {
  ...{ within: 'good', late: 'bad', unbounded: 'good', overtaken: 'open', never: 'bad' },
};

/** How long it took after each fault until no backlog was left, beside how long it may take. */
export function renderRecoveries(faults: readonly FaultSpan[]): Markup {
  if (faults.length === 0) {
    return html`<p>No faults were made.</p>`;
  }
  const shown = faults.slice(0, BARS_MOST);
  const left = faults.length - shown.length;
  return html`<p>From the end of a fault until the backlog was gone: at most 20 outbox rows and 60 unread records, which is what is always on
its way while orders come in. Where the next fault came first, nobody can tell.</p>
${byKind(faults)}
<details${faults.length <= LISTED_OPEN_MOST ? html` open` : ''}><summary>Each fault</summary>
<div class="wide"><table><thead><tr><th scope="col">Fault</th><th scope="col">Target</th><th scope="col">What was done</th><th scope="col" class="n">From, s</th><th scope="col" class="n">To, s</th><th scope="col" class="n">Recovered after, s</th><th scope="col">Verdict</th></tr></thead>
<tbody>${shown.map((fault) => rowOf(fault, faults))}</tbody></table></div>${left > 0 ? html`<p>${count(left)} more are in the record.</p>` : ''}</details>`;
}

function byKind(faults: readonly FaultSpan[]): Markup {
  const kinds = [...new Set(faults.map(({ kind }) => kind))];
  const rows = kinds.map((kind) => {
    const all = faults.filter((fault) => fault.kind === kind);
    const times = all.flatMap(({ recoveredMs }) => recoveredMs ?? []).sort((one, other) => one - other);
    const bound = recoveryBoundMs(kind);
    const results = all.map((fault) => recoveryResult(fault, faults));
    const isBad = results.some((result) => tones[result] === 'bad');
    const tone = isBad ? 'bad' : times.length === 0 ? 'open' : 'good';
    const verdict = isBad ? '✗ not always' : times.length === 0 ? 'always overtaken' : bound === null ? '✓ recovered' : '✓ within the bound';
    return html`<tr><th scope="row">${badge(kind)}</th><td class="n">${count(all.length)}</td><td class="n">${count(times.length)}</td><td class="n">${secondsOrDash(times[Math.floor(times.length / 2)])}</td><td class="n">${secondsOrDash(times.at(-1))}</td><td class="n">${bound === null ? '–' : `${bound / 1_000}`}</td><td class="${tone}">${verdict}</td></tr>
`;
  });
  return html`<div class="wide"><table><thead><tr><th scope="col">Kind</th><th scope="col" class="n">Faults</th><th scope="col" class="n">Recovery seen</th><th scope="col" class="n">Median, s</th><th scope="col" class="n">Longest, s</th><th scope="col" class="n">Bound, s</th><th scope="col">Verdict</th></tr></thead>
<tbody>${rows}</tbody></table></div>`;
}

function rowOf(fault: FaultSpan, faults: readonly FaultSpan[]): Markup {
  const result = recoveryResult(fault, faults);
  return html`<tr><th scope="row">${badge(fault.kind)}</th><td>${clipped(fault.target, 80)}</td><td>${clipped(fault.detail, 200)}</td><td class="n">${seconds(fault.startMs)}</td><td class="n">${seconds(fault.endMs)}</td><td class="n">${secondsOrDash(fault.recoveredMs)}</td><td class="${tones[result]}">${words[result]}</td></tr>
`;
}

function badge(kind: string): Markup {
  return html`<span class="badge ${kindClass(kind)}">${clipped(kind, 40)}</span>`;
}

function secondsOrDash(ms: number | null | undefined): string {
  return ms === null || ms === undefined ? '–' : seconds(ms);
}
