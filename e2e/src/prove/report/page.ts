import { createHash } from 'node:crypto';
import type { Verdict } from '../check/verdict.js';
import type { RunRecord } from '../record.js';
import { drawFaultLanes } from './fault-lanes.js';
import { renderHeader } from './header.js';
import { html, Markup } from './html.js';
import { renderInvariants } from './invariants.js';
import { type Moment, momentsOf } from './moments.js';
import { drawPanels } from './panels.js';
import { renderRecoveries } from './recoveries.js';
import { renderRepeat } from './repeat.js';
import { script } from './script.js';
import { storiesOf } from './stories.js';
import { renderStories } from './story-table.js';
import { style } from './style.js';
import { axisOf, milestonesOf, sheet } from './time-axis.js';
import { verdictSentence } from './verdict-sentence.js';

/** The whole page: it asks for nothing from outside, and runs no script but its own. */
export function pageOf(record: RunRecord, verdicts: readonly Verdict[]): string {
  const time = axisOf(record);
  const milestones = milestonesOf(record);
  const moments = momentsOf(record.samples);
  const stories = storiesOf(record, verdicts);
  const { headline } = verdictSentence(record, verdicts);
  const policy = `default-src 'none'; style-src 'unsafe-inline'; script-src 'sha256-${createHash('sha256').update(script).digest('base64')}'`;
  const page = html`<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta http-equiv="Content-Security-Policy" content="${policy}">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="color-scheme" content="light dark">
<title>Seed ${record.run.seed}: ${headline}</title>
<style>${new Markup(style)}</style>
</head>
<body>
${renderHeader(record, verdicts)}
<main>
<section aria-labelledby="course"><h2 id="course">The course of the run</h2>
<p class="readout"><output id="readout" aria-live="off">Everything shares one axis of time, in seconds. Bars are faults; dashed lines are where a part of the run ended.</output></p>
<div class="wide"><div class="course" id="charts" data-left="${sheet.left / sheet.width}" data-right="${(sheet.width - sheet.right) / sheet.width}" data-end="${time.endMs}">
${drawFaultLanes(record.faults, time, milestones)}
${drawPanels({ moments, time, milestones })}
<div class="cross" id="cross" hidden></div>
</div></div>
<p class="quiet">What could not be asked while a database or the broker was away is a gap; orders that ended meanwhile show when it is back.</p>
</section>
<section aria-labelledby="verdicts"><h2 id="verdicts">A verdict for each invariant</h2>
${renderInvariants(verdicts)}
</section>
<section aria-labelledby="recoveries"><h2 id="recoveries">Recovery after each fault</h2>
${renderRecoveries(record.faults)}
</section>
<section aria-labelledby="stories"><h2 id="stories">${stories.kind === 'failing' ? 'The failing histories' : 'How one order went'}</h2>
${renderStories(stories)}
</section>
<section aria-labelledby="repeat"><h2 id="repeat">How to repeat it</h2>
${renderRepeat(record.run)}
</section>
</main>
<script type="application/json" id="moments">${dataOf(moments)}</script>
<script>${new Markup(script)}</script>
</body>
</html>
`;
  return page.text;
}

/** Numbers only; and no `<`, whatever comes. */
function dataOf(moments: readonly Moment[]): Markup {
  const short = (value: number | null) => (value === null ? null : Number(value.toPrecision(6)));
  const rows = moments.map(({ atMs, acceptedPerSecond, endedPerSecond, p50Ms, p99Ms, outboxRows, lag, unseen }) =>
    [atMs, acceptedPerSecond, endedPerSecond, p50Ms, p99Ms, outboxRows, lag, unseen].map(short),
  );
  return new Markup(JSON.stringify(rows).replaceAll('<', '\\u003c'));
}
