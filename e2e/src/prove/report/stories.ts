import { type HistoryLine, historyOf, storySizes } from '../check/history.js';
import type { Verdict, Violation } from '../check/verdict.js';
import type { RunRecord } from '../record.js';

export interface Story {
  readonly orderId: string;
  readonly violations: readonly Violation[];
  readonly lines: readonly HistoryLine[];
  /** Lines that were left out, so that a page stays one that can be read. */
  readonly left: number;
}

export interface Stories {
  /** Those that fail, or one that shows how an order goes when none fails. */
  readonly kind: 'failing' | 'exemplary';
  readonly stories: readonly Story[];
  /** How many orders fail in all. */
  readonly failing: number;
}

const STORIES_MOST = 20;
const LINES_OF_ONE_MOST = 150;
const LINES_OF_ALL_MOST = 1_500;

/** The failing orders, those first of which there is least to read; the one with the longest story where none fails. */
export function storiesOf(record: RunRecord, verdicts: readonly Verdict[]): Stories {
  const violations = new Map<string, Violation[]>();
  for (const violation of verdicts.flatMap((verdict) => verdict.violations)) {
    if (violation.orderId !== null) {
      violations.set(violation.orderId, [...(violations.get(violation.orderId) ?? []), violation]);
    }
  }
  const tell = (orderId: string): Story => {
    const lines = historyOf(record, orderId);
    const shown = lines.slice(0, LINES_OF_ONE_MOST);
    return { orderId, violations: violations.get(orderId) ?? [], lines: shown, left: lines.length - shown.length };
  };
  if (violations.size === 0) {
    const longest = longestOf(record);
    return { kind: 'exemplary', failing: 0, stories: longest === undefined ? [] : [tell(longest)] };
  }
  const sizes = storySizes(record, new Set(violations.keys()));
  const bySize = [...violations.keys()].sort((one, other) => (sizes.get(one) ?? 0) - (sizes.get(other) ?? 0));
  const stories: Story[] = [];
  let room = LINES_OF_ALL_MOST;
  for (const orderId of bySize.slice(0, STORIES_MOST)) {
    const story = tell(orderId);
    room -= story.lines.length;
    if (room < 0 && stories.length > 0) {
      break;
    }
    stories.push(story);
  }
  return { kind: 'failing', failing: violations.size, stories };
}

function longestOf(record: RunRecord): string | undefined {
  let longest: readonly [orderId: string, size: number] | undefined;
  for (const entry of storySizes(record, new Set(record.orders.map(({ id }) => id)))) {
    longest = longest === undefined || entry[1] > longest[1] ? entry : longest;
  }
  return longest?.[0];
}
