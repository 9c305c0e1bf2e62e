import { InboxCleaner, type InboxCleanerOptions } from '@waybill/inbox';
import { swap } from '../swap.js';

interface CleanerInside {
  options: InboxCleanerOptions;
  clean(): Promise<number>;
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
  const { clean } = swap<CleanerInside>(InboxCleaner, {
    clean(): Promise<number> {
      this.options = { ...this.options, retentionMs: WINDOW_MS };
      // Whoever keeps rows for minutes also cleans every few seconds.
      setInterval(() => void clean.call(this).catch(() => undefined), INTERVAL_MS).unref();
      return clean.call(this);
    },
  });
}
