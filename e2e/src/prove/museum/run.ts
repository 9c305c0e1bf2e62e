import { check } from '../check/check.js';
import { renderHistory, smallestFailing } from '../check/history.js';
import type { Invariant, Verdict, Violation } from '../check/verdict.js';
import type { FaultKind } from '../plan.js';
import type { RunRecord } from '../record.js';
import { runProof } from '../run.js';
import { type Exhibit, exhibitNamed, exhibits } from './exhibits.js';

export interface MuseumOptions {
  /** Names of exhibits; absent: all of them. */
  readonly only?: readonly string[];
  /** Seeds that an exhibit is tried with until it is convicted; 5. */
  readonly seeds?: number;
  /** Then run our own design under the same seeds and faults; true. */
  readonly control?: boolean;
  readonly say: (line: string) => void;
  /** Ends the run in hand, and the museum with it. */
  readonly signal?: AbortSignal;
  /** Runs the platform; for the museum's own tests. */
  readonly prove?: (trial: Trial) => Promise<RunRecord>;
}

/** One run: an exhibit, or our own design (null), under these faults. */
export interface Trial {
  readonly exhibit: Exhibit | null;
  readonly faults: readonly FaultKind[];
  readonly seed: number;
  readonly orders: number;
  readonly durationMs: number;
  readonly replay: boolean;
  readonly say: (line: string) => void;
  readonly signal?: AbortSignal | undefined;
}

export interface Conviction {
  readonly seed: number;
  readonly invariant: Invariant;
  readonly violation: Violation;
  readonly violations: number;
  /** What else was broken in that run. */
  readonly also: readonly Invariant[];
  /** Of the order with the smallest failing history, a line each. */
  readonly history: readonly string[];
}

export interface MuseumResult {
  /** Null for the control: our own design, where nothing may be broken. */
  readonly exhibit: Exhibit | null;
  readonly faults: readonly FaultKind[];
  readonly seeds: readonly number[];
  readonly seconds: number;
  /** Absent: acquitted. */
  readonly conviction?: Conviction;
}

const SEEDS = 5;
const HISTORY_LINES = 12;
/** A wrong design may never come to rest. */
const QUIET_BOUND_MS = 30_000;

/**
 * Tries each exhibit with one seed after another until an invariant of those that it is charged with is found broken, and
 * then our own design under every set of faults that convicted one of them, with the same seed.
 */
export async function runMuseum({ only, seeds = SEEDS, control = true, prove = runTrial, ...court }: MuseumOptions): Promise<MuseumResult[]> {
  const chosen = only === undefined ? exhibits : only.map(exhibitNamed);
  const results: MuseumResult[] = [];
  for (const exhibit of chosen) {
    results.push(await tryExhibit(exhibit, { ...court, seeds, prove }));
  }
  for (const { seed, trial } of control ? settingsOf(results) : []) {
    results.push(await tryOurs(trial, seed, { ...court, prove }));
  }
  return results;
}

/** Every exhibit convicted, and our own design of nothing. */
export function isAsItShouldBe(results: readonly MuseumResult[]): boolean {
  return results.every(({ exhibit, conviction }) => (exhibit === null) === (conviction === undefined));
}

interface Court extends Pick<MuseumOptions, 'say' | 'signal'> {
  readonly prove: (trial: Trial) => Promise<RunRecord>;
}

async function tryExhibit(exhibit: Exhibit, { seeds, say, signal, prove }: Court & { readonly seeds: number }): Promise<MuseumResult> {
  const startedAt = performance.now();
  const tried: number[] = [];
  const { faults, orders, durationMs, replay = false, breaks } = exhibit;
  for (let seed = 1; seed <= seeds; seed++) {
    tried.push(seed);
    say(`${exhibit.name}: seed ${seed}, ${faultsOf(faults)}`);
    const record = await prove({ exhibit, faults, seed, orders, durationMs, replay, signal, say: (line) => say(`  ${line}`) });
    const conviction = convict(record, seed, breaks);
    if (conviction !== undefined) {
      const { invariant, violations, violation } = conviction;
      say(`${exhibit.name}: convicted by ${invariant} (${violations}): ${violation.what}`);
      return { exhibit, faults, seeds: tried, seconds: secondsSince(startedAt), conviction };
    }
    say(`${exhibit.name}: nothing of ${breaks.join(', ')} was broken`);
  }
  say(`${exhibit.name}: ACQUITTED after ${tried.length} seeds`);
  return { exhibit, faults, seeds: tried, seconds: secondsSince(startedAt) };
}

/** The same seeds and faults for our own design: what convicts an exhibit must not convict everybody. */
async function tryOurs(like: Exhibit, seed: number, { say, signal, prove }: Court): Promise<MuseumResult> {
  const startedAt = performance.now();
  const { faults, orders, durationMs, replay = false } = like;
  say(`our own design: seed ${seed}, ${faultsOf(faults)}`);
  const record = await prove({ exhibit: null, faults, seed, orders, durationMs, replay, signal, say: (line) => say(`  ${line}`) });
  const conviction = convict(record, seed);
  say(conviction === undefined ? 'our own design: nothing broken' : `our own design: ${conviction.violation.what}`);
  return { exhibit: null, faults, seeds: [seed], seconds: secondsSince(startedAt), ...(conviction && { conviction }) };
}

/** One of each seed, load and set of faults that convicted somebody. */
function settingsOf(results: readonly MuseumResult[]): { readonly seed: number; readonly trial: Exhibit }[] {
  const settings = new Map<string, { seed: number; trial: Exhibit }>();
  for (const { exhibit, conviction, faults } of results) {
    if (exhibit !== null && conviction !== undefined) {
      const { seed } = conviction;
      const { orders, durationMs, replay } = exhibit;
      settings.set(JSON.stringify({ seed, faults, orders, durationMs, replay }), { seed, trial: exhibit });
    }
  }
  return [...settings.values()];
}

/** What the record convicts of: the first of `charges` (absent: of all invariants) that is broken. */
function convict(record: RunRecord, seed: number, charges?: readonly Invariant[]): Conviction | undefined {
  const verdicts = check(record);
  const broken = verdicts.filter(({ result }) => result === 'broken');
  const charged = charges === undefined ? broken : charges.flatMap((charge) => broken.filter(({ invariant }) => invariant === charge));
  const [verdict] = charged;
  const violation = verdict && clearest(verdict);
  if (verdict === undefined || violation === undefined) {
    return undefined;
  }
  const failing = smallestFailing(record, [verdict]);
  return {
    seed,
    invariant: verdict.invariant,
    violation,
    violations: verdict.violationCount,
    also: broken.map(({ invariant }) => invariant).filter((invariant) => invariant !== verdict.invariant),
    history: failing === undefined ? [] : renderHistory(failing.lines).split('\n').slice(0, HISTORY_LINES),
  };
}

/** One about an order tells more than one about the whole. */
function clearest({ violations }: Verdict): Violation | undefined {
  return violations.find(({ orderId }) => orderId !== null) ?? violations[0];
}

async function runTrial({ exhibit, signal, ...trial }: Trial): Promise<RunRecord> {
  return runProof({
    ...trial,
    instances: 2,
    quietBoundMs: QUIET_BOUND_MS,
    ...(exhibit && { exhibit: exhibit.name }),
    ...(signal && { signal }),
  });
}

function faultsOf(faults: readonly FaultKind[]): string {
  return faults.length === 0 ? 'no faults' : faults.join(', ');
}

function secondsSince(startedAt: number): number {
  return Math.round((performance.now() - startedAt) / 1_000);
}
