import { InboxCleaner, type InboxCleanerOptions } from '@waybill/inbox';
import { swap } from '../swap.js';

interface CleanerInside {
  options: InboxCleanerOptions;
  start(): void;
}

const WINDOW_MS = 2_000;
const INTERVAL_MS = 500;

/*
 * Dedup rows are kept for a short while only (minutes in the wild, seconds here), and a replay reaches further back.
 *
 * It looks right because a copy comes within seconds: a consumer crashed, a producer sent again. Then an operator resets
 * an offset, or sends yesterday's dead letters back, and every event of yesterday is new.
 *
 * Who: MassTransit's window is 30 minutes, Wolverine's 5; NServiceBus warns of retries that outlast the deduplication.
 */
export function install(): void {
  const { start } = swap<CleanerInside>(InboxCleaner, {
    start() {
      this.options = { ...this.options, retentionMs: WINDOW_MS, intervalMs: INTERVAL_MS };
      start.call(this);
    },
  });
}
