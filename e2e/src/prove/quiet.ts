import { setTimeout as sleep } from 'node:timers/promises';
import type { PlatformWatch, Standing } from './platform-watch.js';

export interface Quiet {
  /** Null: something still moved, or waited, when time had run out. */
  readonly quietMs: number | null;
  /** What was last seen; undefined when nobody answered. */
  readonly standing: Standing | undefined;
}

export interface QuietOptions {
  readonly boundMs: number;
  /** Milliseconds since the start of the run. */
  readonly now: () => number;
  readonly signal: AbortSignal;
  readonly say?: (line: string) => void;
  /** Between two looks; 300 ms. */
  readonly everyMs?: number;
}

/** Seen at rest as often, one after another: between two looks nothing may have begun to move. */
const LOOKS = 3;
/** Orders of which an event is dead stay open for ever: then all that is asked is that nothing moves for longer. */
const LOOKS_WITH_OPEN_ORDERS = 20;
const EVERY_MS = 300;
const TELL_MS = 3_000;

/**
 * Waits until nothing moves any more: no row to send, no record unread, nothing parked but what waits for a person, no
 * shipment in hand, and the orders that are still open no longer change.
 */
export async function untilQuiet(watch: Pick<PlatformWatch, 'standing'>, options: QuietOptions): Promise<Quiet> {
  const { boundMs, now, signal, everyMs = EVERY_MS } = options;
  const end = now() + boundMs;
  let standing: Standing | undefined;
  let looks = 0;
  let told = now();
  while (!signal.aborted) {
    const before = standing;
    standing = await watch.standing().catch(() => undefined);
    if (standing === undefined || !isAtRest(standing)) {
      looks = 0;
    } else {
      looks = standing.openOrders === before?.openOrders ? looks + 1 : 1;
      if (looks >= (standing.openOrders === 0 ? LOOKS : LOOKS_WITH_OPEN_ORDERS)) {
        return { quietMs: now(), standing };
      }
    }
    if (now() >= end) {
      return { quietMs: null, standing };
    }
    if (now() - told > TELL_MS && standing !== undefined) {
      told = now();
      options.say?.(`waiting until all is quiet: ${wordsOf(standing)}`);
    }
    await sleep(everyMs, undefined, { signal }).catch(() => undefined);
  }
  return { quietMs: null, standing };
}

function isAtRest({ outboxRows, lag, parkedWaiting, openShipments }: Standing): boolean {
  return outboxRows === 0 && lag === 0 && parkedWaiting === 0 && openShipments === 0;
}

export function wordsOf({ outboxRows, lag, parkedWaiting, openOrders, openShipments }: Standing): string {
  return `${openOrders} orders and ${openShipments} shipments open, ${outboxRows} rows to send, ${lag} records unread, ${parkedWaiting} events parked`;
}
