import type { Verdict } from '../check/verdict.js';
import type { RunRecord } from '../record.js';
import { hold } from '../verdict-text.js';
import { faultLanes } from './fault-lanes.js';
import { histories } from './history-view.js';
import { escaped, seconds } from './markup.js';
import { recoveryTable } from './recovery-table.js';
import { runCharts } from './run-charts.js';
import { style } from './style.js';
import { TimeAxis } from './time-axis.js';
import { verdictTable } from './verdict-view.js';

/** The whole page: what was done to the platform, what was seen, and whether it kept its promise. */
export function page(record: RunRecord, verdicts: readonly Verdict[]): string {
  const { run, faults, samples } = record;
  const held = hold(verdicts);
  const title = `${held ? 'The promise held' : 'The promise was broken'}: seed ${run.seed}`;
  const axis = new TimeAxis(endOf(record));
  return `<!doctype html>
<html lang="en">
<head><meta charset="utf-8"><meta name="viewport" content="width=device-width, initial-scale=1"><title>${escaped(title)}</title>
<style>${style}</style></head>
<body><main>
<header>
<h1 class="${held ? 'good' : 'bad'}">${held ? 'The promise held' : 'The promise was broken'}</h1>
<p class="lead">${lead(record, verdicts)}</p>
${facts(record)}
</header>
<section><h2>What was done, and what was seen</h2><div class="panel">
${faultLanes(faults, run, axis)}
${runCharts(samples, axis)}
</div></section>
<section><h2>The invariants</h2>${verdictTable(verdicts)}</section>
<section><h2>Recovery</h2>${faults.length === 0 ? '<p>There were no faults.</p>' : recoveryTable(faults)}</section>
<section><h2>${held ? 'The history of an order' : 'Failing histories'}</h2>${histories(record, verdicts)}</section>
<section><h2>Again</h2><pre>${escaped(commands(record))}</pre></section>
</main></body></html>
`;
}

function lead({ run, orders, faults }: RunRecord, verdicts: readonly Verdict[]): string {
  const broken = verdicts.filter(({ result }) => result === 'broken').map(({ invariant }) => invariant);
  const checked = verdicts.filter(({ result }) => result !== 'not-checked').length;
  const design = run.exhibit === null ? '' : ` The design was not ours: ${escaped(run.exhibit)}.`;
  const verdict = broken.length === 0 ? `${checked} invariants were checked, and hold.` : `Broken: ${broken.join(', ')}.`;
  return `${orders.length} orders, ${run.instances} instances of each service, ${faults.length} faults. ${verdict}${design}`;
}

function facts({ run, requests, ledger, records, handled }: RunRecord): string {
  const unknown = requests.filter(({ result }) => result === 'unknown').length;
  const all: readonly (readonly [string, string])[] = [
    ['seed', String(run.seed)],
    ['started', new Date(run.startedAt).toISOString().replace('T', ' ').slice(0, 19)],
    ['requests', requests.length.toLocaleString('en-US')],
    ['without an answer', unknown.toLocaleString('en-US')],
    ['events committed', ledger.length.toLocaleString('en-US')],
    ['records in Kafka', records.length.toLocaleString('en-US')],
    ['effects', handled.length.toLocaleString('en-US')],
    ['quiet after healing', run.quietMs === null ? `not within ${seconds(run.quietBoundMs)}` : seconds(run.quietMs - run.healedMs)],
    ['machine', `${run.platform.cpus} cores, Node ${run.platform.node}`],
    ['commit', run.platform.commit ?? 'unknown'],
  ];
  return `<dl class="facts">${all.map(([name, value]) => `<div><dt>${name}</dt><dd>${escaped(value)}</dd></div>`).join('')}</dl>`;
}

function commands({ run }: RunRecord): string {
  const faults = run.faultKinds.length === 0 ? 'none' : run.faultKinds.join(',');
  return [
    `npm run prove -- --seed ${run.seed} --orders ${run.ordersWanted} --faults ${faults}   # the same load and faults`,
    `npm run prove -- check reports/prove/${run.seed}/record.jsonl.gz   # the same record, checked again`,
  ].join('\n');
}

function endOf({ run, faults, samples }: RunRecord): number {
  return Math.max(run.healedMs, run.quietMs ?? 0, samples.at(-1)?.atMs ?? 0, ...faults.map(({ endMs }) => endMs));
}
