import type { Platform } from '../../platform.js';
import type { PlatformNetwork } from '../network.js';
import type { FaultKind } from '../plan.js';
import type { PlatformWatch } from '../platform-watch.js';
import type { Random } from '../random.js';
import type { TopicRecord } from '../record.js';

/** Something bad that is done to the platform, and taken back. */
export interface Fault {
  readonly kind: FaultKind;
  /** `orders-2`, `kafka`, `orders-1 -> postgres`. */
  readonly target: string;
  readonly detail: string;
  /** From the injection until it is healed. */
  readonly durationMs: number;
  inject(): Promise<void>;
  /** Also when `inject` has failed half-way. */
  heal(): Promise<void>;
}

/** What faults are made of. */
export interface World {
  readonly platform: Platform;
  readonly network: PlatformNetwork | undefined;
  readonly watch: PlatformWatch;
  readonly instances: number;
  readonly random: Random;
  /** Records that were written past the outboxes. */
  readonly planted: Pick<TopicRecord, 'topic' | 'partition' | 'offset'>[];
}
