import type pg from 'pg';
import type { OutboxRow } from './outbox-batch.js';
import type { OutboxRecord } from './outbox-record.js';
import type { OutboxSignal } from './outbox-signal.js';
import type { SendPaceOptions } from './send-pace.js';

export interface OutboxRelayOptions {
  /** `ce_source` of the service. */
  readonly source: string;
  /** Shown in outbox_leases; the relay adds something that makes it unique. */
  readonly owner: string;
  /** Opens a connection of its own. */
  readonly connect: () => Promise<pg.Client>;
  /** Resolves when the broker has acknowledged all records, in order. */
  readonly publish: (records: readonly OutboxRecord[]) => Promise<void>;
  readonly signal: OutboxSignal;
  readonly log: RelayLog;
  /** Told each time that the loop comes round, has sent something, or waits to try again. */
  readonly progress?: { beat(): void };
  /** What the broker has acknowledged just now. */
  readonly onPublished?: (rows: readonly OutboxRow[]) => void;
  readonly now?: () => number;
  /** Acknowledged rows move to outbox_archive instead of being deleted. */
  readonly archive?: boolean;
  /** Rows of one send; 1,000. */
  readonly batchRowsMax?: number;
  /** Bytes of one partition in one send; 512 KiB. */
  readonly batchBytesMax?: number;
  /** The backstop behind the signals; 1 s. */
  readonly pollIntervalMs?: number;
  /** How long a killed relay's shards stay unserved; 4.5 s. */
  readonly leaseTtlMs?: number;
  /** The longest that `publish` may take; 3.5 s. */
  readonly sendTimeoutMs?: number;
  /** When small sends are spaced. */
  readonly pace?: SendPaceOptions;
}

export interface RelayLog {
  info(message: string, facts?: object): void;
  warn(message: string, facts?: object): void;
  error(message: string, facts?: object): void;
}

export interface RelayStatus {
  readonly shards: number;
  /** Relays that live, this one included. */
  readonly members: number;
  /** Monotonic milliseconds since the loop last came round: a stuck loop shows here. */
  readonly lastTurnMsAgo: number;
  readonly published: number;
  /** Rows set aside in the whole outbox, up to 1,000. */
  readonly heldRows: number;
}
