import type { Verdict } from '../check/verdict.js';
import type { RunRecord } from '../record.js';
import { html, type Markup } from './html.js';
import { verdictSentence } from './verdict-sentence.js';
import { count, many, seconds } from './words.js';

export function renderHeader(record: RunRecord, verdicts: readonly Verdict[]): Markup {
  const { run, orders, requests } = record;
  const { result, headline, words } = verdictSentence(record, verdicts);
  const unknown = requests.filter((request) => request.result === 'unknown').length;
  const facts: readonly (readonly [string, string])[] = [
    ['Seed', String(run.seed)],
    ['Orders', `${count(orders.length)} placed of ${count(run.ordersWanted)} wanted`],
    ['Requests', `${count(requests.length)}, ${count(unknown)} without an answer`],
    ['Instances', `${run.instances} of each service`],
    ['Fault kinds', run.faultKinds.join(', ') || 'none'],
    ['All customers answered after', `${seconds(run.loadEndedMs)} s`],
    ['Quiet after healing', run.quietMs === null ? `not within ${run.quietBoundMs / 1_000} s` : `${seconds(run.quietMs - run.healedMs)} s (bound ${run.quietBoundMs / 1_000} s)`],
    ['Began', new Date(run.startedAt).toISOString().replace('T', ' ').replace(/\.\d+Z$/, ' UTC')],
    ['Platform', `Node ${run.platform.node}, ${many(run.platform.cpus, 'CPU')}${run.platform.commit === null ? '' : `, commit ${run.platform.commit}`}`],
  ];
  return html`<header>
<p class="kicker">Waybill · the prover · seed ${run.seed}</p>
<h1 class="${result}">${headline}</h1>
<p class="lead">${words}</p>
${run.exhibit === null ? '' : html`<p class="exhibit"><strong>A wrong design ran in the place of ours: ${run.exhibit}.</strong> It is an exhibit of the museum, and is meant to be convicted.</p>`}
<dl>${facts.map(([name, value]) => html`<div><dt>${name}</dt><dd>${value}</dd></div>`)}</dl>
</header>`;
}
