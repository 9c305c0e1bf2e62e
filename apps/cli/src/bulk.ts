import { setTimeout as sleep } from 'node:timers/promises';
import { RefusedError, UnavailableError } from './command-errors.js';

/** What becomes of one item: `gone` when somebody else was quicker, so that there was nothing to do any more. */
export type ItemOutcome = 'changed' | 'gone';

export interface BulkOptions<I> {
  /** A transaction of its own: an item is done whole, or not at all. */
  readonly change: (item: I) => Promise<ItemOutcome>;
  /** Items a second; undefined: as fast as it goes. */
  readonly rate: number | undefined;
  /** Ends after the item in hand. */
  readonly signal: AbortSignal;
  readonly onProgress: (done: number, total: number) => void;
  readonly clock?: Clock;
}

export interface BulkResult {
  readonly changed: number;
  readonly gone: number;
  /** Not begun, because it was interrupted. */
  readonly left: number;
}

export interface Clock {
  /** Milliseconds from any beginning. */
  now(): number;
  /** Resolves early when the signal is aborted. */
  sleep(ms: number, signal: AbortSignal): Promise<void>;
}

const systemClock: Clock = {
  now: () => performance.now(),
  sleep: (ms, signal) => sleep(ms, undefined, { signal }).catch(() => undefined),
};

/** Works on one item after another, at an even pace. What is done stays done, whatever happens to those after it. */
export async function changeEach<I>(
  items: readonly I[],
  { change, rate, signal, onProgress, clock = systemClock }: BulkOptions<I>,
): Promise<BulkResult> {
  const start = clock.now();
  let changed = 0;
  let gone = 0;
  for (const [index, item] of items.entries()) {
    if (rate !== undefined) {
      // From the beginning of all, not from the last item: an item that takes long is made up for.
      const waitMs = start + (index * 1_000) / rate - clock.now();
      if (waitMs > 0 && !signal.aborted) {
        await clock.sleep(waitMs, signal);
      }
    }
    if (signal.aborted) {
      break;
    }
    try {
      const outcome = await change(item);
      changed += Number(outcome === 'changed');
      gone += Number(outcome === 'gone');
    } catch (cause) {
      const Reason = cause instanceof UnavailableError ? UnavailableError : RefusedError;
      throw new Reason(
        `${reasonOf(cause)}\n${changed} of ${items.length} done before that; the rest is as it was.`,
        { cause },
      );
    }
    onProgress(index + 1, items.length);
  }
  return { changed, gone, left: items.length - changed - gone };
}

function reasonOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}

/** Runs the work with a signal that Ctrl-C sets; a second Ctrl-C ends the process as always. */
export async function interruptible<T>(work: (signal: AbortSignal) => Promise<T>): Promise<T> {
  const interruption = new AbortController();
  const interrupt = () => interruption.abort();
  process.once('SIGINT', interrupt);
  process.once('SIGTERM', interrupt);
  try {
    return await work(interruption.signal);
  } finally {
    process.off('SIGINT', interrupt);
    process.off('SIGTERM', interrupt);
  }
}
