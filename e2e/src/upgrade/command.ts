import { mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import type { RunRecord } from '../prove/record.js';
import { writeRecord } from '../prove/record-file.js';
import { renderFailure, renderVerdicts } from '../prove/verdict-text.js';
import { type Combination, combinations } from './combinations.js';
import { runControls } from './controls.js';
import { thisVersion } from './fleet.js';
import { isMatrixProved, type MatrixReport, type MatrixRow, proveMatrix } from './matrix.js';
import { runPreviousSuite } from './previous-suite.js';
import { nextVersion, previousVersion } from './recipes.js';
import { renderControls, renderMatrix, renderUpgrade } from './report-text.js';
import { failed } from './traffic.js';
import { isProved, proveUpgrade } from './upgrade-run.js';
import { buildWorkspace } from './workspace-build.js';

export const upgradeHelp = `npm run prove -- upgrade [OPTIONS]

Renames a column of orders and upgrades every service from the version before to this one, while customers ask 200 times a
second through proxies that try nothing twice: expand, backfill, switch, contract, and back again at each step. No request may
fail, both columns must say the same at each step, and the checker must find nothing. Then the same change is made in the ways
in which it fails, which must be seen; and the tests of the version before run on the schema of this one. About five minutes.

  --requests N   go on until N have been sent (as many as the steps take)
  --rate N       requests a second (200)
  --rows N       orders that are there before (30000)
  --from REF     the version before, from git; absent: this tree with e2e/src/upgrade/previous laid over it
  --only PARTS   some of upgrade,controls,suite (all)
  --json         everything, for programs

Exit code: 0 proved, 1 not, 64 wrong options.`;

export const matrixHelp = `npm run prove -- matrix [OPTIONS]

Runs the version before and this one side by side, then this one and the one after: every pair of services in both
directions, on each schema that they can stand on. Orders of all kinds go through each combination, and the checker looks at
all that has happened. About eight minutes.

  --orders N     in each combination (300)
  --from REF     the version before, from git
  --only WORD    combinations whose name contains this: "inventory older"
  --json         everything, for programs

Exit code: 0 nothing failed and nothing was found, 1 otherwise, 64 wrong options.`;

interface Surroundings {
  readonly say: (line: string) => void;
  readonly signal: AbortSignal;
}

/** The control never comes to rest; long enough to see that. */
const SKIPPED_BOUND_MS = 15_000;
const parts = ['upgrade', 'controls', 'suite'] as const;

/** Returns the exit code. */
export async function upgradeCommand(args: readonly string[], { say, signal }: Surroundings): Promise<number> {
  const options = readUpgradeOptions(args);
  if (typeof options === 'string' || options.help) {
    return tellHelp(options, upgradeHelp);
  }
  const { only, json, from, rate, requests, rows } = options;
  say('building the version before');
  // The suite makes one of its own.
  const previous = await buildWorkspace({ ...previousVersion(from), compile: only.some((part) => part !== 'suite') });
  try {
    const limits = { ...(rate !== undefined && { perSecond: rate }), ...(requests !== undefined && { requests }), ...(rows !== undefined && { existing: rows }) };
    const upgrade = only.includes('upgrade') ? await proveUpgrade({ previous, ...limits, say, signal }) : undefined;
    const controls = only.includes('controls') ? await runControls({ previous, say, signal }) : [];
    const suite = only.includes('suite') ? await runPreviousSuite({ say, signal }) : undefined;
    if (json) {
      const { record: _, ...report } = upgrade ?? { record: undefined };
      console.log(JSON.stringify({ ...report, ...(upgrade && { load: { ...upgrade.load, accepted: upgrade.load.accepted.length, commands: undefined } }), controls, suite }, null, 2));
    } else {
      const told = [
        ...(upgrade ? [renderUpgrade(upgrade), renderVerdicts(upgrade.verdicts), renderFailure(upgrade.record, upgrade.verdicts)] : []),
        ...(controls.length > 0 ? [renderControls(controls)] : []),
        ...(suite ? [`\n  The tests of the version before on this schema: ${suite.summary}`] : []),
      ];
      console.log(told.join('\n'));
    }
    if (upgrade) {
      say(`${failed(upgrade.load)} of ${upgrade.load.sent} requests failed`);
      await keep('upgrade', upgrade.record, say);
    }
    const proved = (upgrade === undefined || isProved(upgrade)) && controls.every(({ failed: lost }) => lost > 0) && (suite?.passed ?? true);
    return proved ? 0 : 1;
  } finally {
    await previous.remove();
  }
}

/** Returns the exit code. */
export async function matrixCommand(args: readonly string[], { say, signal }: Surroundings): Promise<number> {
  const options = readMatrixOptions(args);
  if (typeof options === 'string' || options.help) {
    return tellHelp(options, matrixHelp);
  }
  const { orders, from, only, json } = options;
  const limits = { ...(orders !== undefined && { orders }), say, signal };
  const reports: MatrixReport[] = [];
  for (const { recipe, schemas, isOlder } of [
    { recipe: previousVersion(from), schemas: true, isOlder: true },
    { recipe: nextVersion, schemas: false, isOlder: false },
  ]) {
    const chosen = combinations({ schemas }, only);
    if (chosen.length > 0) {
      say(`building the version ${recipe.name}`);
      const built = await buildWorkspace(recipe);
      try {
        const pair = isOlder ? { older: built, newer: thisVersion } : { older: thisVersion, newer: built };
        const report = await proveMatrix({ ...pair, combinations: chosen, ...limits });
        reports.push(report);
        await keep(`matrix-${recipe.name}`, report.record, say);
      } finally {
        await built.remove();
      }
    }
  }
  const rows = reports.flatMap((report) => report.rows);
  const control = only === undefined ? await skippedVersion(orders, { say, signal }) : [];
  if (json) {
    console.log(JSON.stringify({ rows, control, verdicts: reports.map(({ verdicts }) => verdicts) }, null, 2));
  } else {
    const told = control.length === 0 ? [] : ['\n  A version left out, which has to be found:', renderMatrix(control)];
    console.log([renderMatrix(rows), ...told, ...reports.map(({ record, verdicts }) => renderVerdicts(verdicts) + renderFailure(record, verdicts))].join('\n'));
  }
  return rows.length > 0 && isMatrixProved(rows) && control.every(({ violations }) => violations > 0) ? 0 : 1;
}

/** The control: shipping is two versions ahead, and emits what the others cannot read. */
async function skippedVersion(orders: number | undefined, { say, signal }: Surroundings): Promise<readonly MatrixRow[]> {
  say('building a version and the one after the next');
  const [older, newer] = await Promise.all([buildWorkspace(previousVersion()), buildWorkspace(nextVersion)]);
  try {
    const combination: Combination = { schema: 'older', mix: { orders: 'older', inventory: 'older', shipping: 'newer' } };
    const limits = { combinations: [combination], quietBoundMs: SKIPPED_BOUND_MS, ...(orders !== undefined && { orders }) };
    return (await proveMatrix({ older, newer, ...limits, say, signal })).rows;
  } finally {
    await Promise.all([older.remove(), newer.remove()]);
  }
}

async function keep(name: string, record: RunRecord, say: (line: string) => void): Promise<void> {
  const folder = join('reports', 'prove', name);
  await mkdir(folder, { recursive: true });
  await writeRecord(join(folder, 'record.jsonl.gz'), record);
  say(`the record: npm run prove -- check ${join(folder, 'record.jsonl.gz')}`);
}

function tellHelp(options: string | { readonly help: boolean }, help: string): number {
  if (typeof options === 'string') {
    console.error(`${options}\n\n${help}`);
    return 64;
  }
  console.log(help);
  return 0;
}

const common = {
  from: { type: 'string' },
  only: { type: 'string' },
  json: { type: 'boolean', default: false },
  help: { type: 'boolean', short: 'h', default: false },
} as const;

/** The options, or what is wrong with them. */
export function readUpgradeOptions(args: readonly string[]) {
  try {
    const { values } = parseArgs({
      args: [...args],
      options: { ...common, requests: { type: 'string' }, rate: { type: 'string' }, rows: { type: 'string' } },
    });
    const only = (values.only ?? parts.join(',')).split(',').map((word) => word.trim());
    const unknown = only.filter((word) => !parts.some((part) => part === word));
    if (unknown.length > 0) {
      throw new RangeError(`--only expects some of ${parts.join(', ')}; got "${unknown.join(', ')}".`);
    }
    return {
      only,
      from: values.from,
      json: values.json,
      help: values.help,
      requests: wholeNumber('requests', values.requests),
      rate: wholeNumber('rate', values.rate),
      rows: wholeNumber('rows', values.rows),
    };
  } catch (error) {
    return error instanceof Error ? error.message : String(error);
  }
}

/** The options, or what is wrong with them. */
export function readMatrixOptions(args: readonly string[]) {
  try {
    const { values } = parseArgs({ args: [...args], options: { ...common, orders: { type: 'string' } } });
    const { from, only, json, help } = values;
    return { from, only, json, help, orders: wholeNumber('orders', values.orders) };
  } catch (error) {
    return error instanceof Error ? error.message : String(error);
  }
}

function wholeNumber(name: string, text: string | undefined): number | undefined {
  if (text === undefined) {
    return undefined;
  }
  if (!/^[1-9]\d{0,6}$/.test(text)) {
    throw new RangeError(`--${name} should be a whole number from 1 to 9999999, got "${text}".`);
  }
  return Number(text);
}
