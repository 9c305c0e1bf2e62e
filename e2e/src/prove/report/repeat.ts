import type { RunHeader } from '../record.js';
import { html, type Markup } from './html.js';

/** The command that makes the same plan again. */
export function repeatCommand({ seed, ordersWanted, instances, faultKinds, durationMs }: RunHeader): string {
  const duration = durationMs === undefined ? '' : ` --duration ${Math.round(durationMs / 1_000)}`;
  return `npm run prove -- --seed ${seed} --orders ${ordersWanted}${duration} --instances ${instances} --faults ${faultKinds.join(',') || 'none'}`;
}

export function renderRepeat(run: RunHeader): Markup {
  const again = run.exhibit === null ? repeatCommand(run) : `npm run prove -- museum --only ${run.exhibit}`;
  return html`<p>The same seed gives the same orders and the same plan of faults; the machine decides the rest, so that a second run meets other
interleavings of the same plan.</p>
<pre><code>${again}</code></pre>
<p>Check this run again, without running anything (the file is beside this page):</p>
<pre><code>npm run prove -- check reports/prove/${run.seed}/record.jsonl.gz</code></pre>`;
}
