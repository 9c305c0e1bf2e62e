import type { Verdict } from '../check/verdict.js';
import type { RunRecord } from '../record.js';
import { listed, many } from './words.js';

export interface Sentence {
  readonly result: 'held' | 'broken' | 'open';
  /** A few words. */
  readonly headline: string;
  /** One sentence. */
  readonly words: string;
}

/** What a reader has to know who reads nothing else. */
export function verdictSentence({ run, orders, faults }: RunRecord, verdicts: readonly Verdict[]): Sentence {
  const broken = verdicts.filter(({ result }) => result === 'broken');
  const open = verdicts.filter(({ result }) => result === 'not-checked');
  const held = verdicts.length - broken.length - open.length;
  const under = `${many(orders.length, 'order')} and ${many(faults.length, 'fault')}`;
  const unrest = run.quietMs === null ? ` The platform had not come to rest within ${run.quietBoundMs / 1_000} s of healing.` : '';
  const left = open.length === 0 ? '' : `; ${listed(open.map(({ invariant }) => invariant))} ${open.length === 1 ? 'was' : 'were'} not checked`;
  if (broken.length > 0) {
    const violations = broken.reduce((sum, { violationCount }) => sum + violationCount, 0);
    const words = `Under ${under}, ${broken.length} of ${verdicts.length} invariants broke (${listed(broken.map(({ invariant }) => invariant))}) with ${many(violations, 'violation')}${left}.${unrest}`;
    return { result: 'broken', headline: 'The promise was broken.', words };
  }
  if (held === 0) {
    return { result: 'open', headline: 'Nothing was checked.', words: `The record of ${under} holds nothing that could be checked.${unrest}` };
  }
  const checked = verdicts.reduce((sum, each) => sum + each.checked, 0);
  const words = `Under ${under}, ${held === verdicts.length ? `all ${held}` : `${held} of ${verdicts.length}`} invariants hold, over ${many(checked, 'observation')} without a violation${left}.${unrest}`;
  return { result: 'held', headline: 'The promise held.', words };
}
