import type { LeaseBeat } from './lease-beat.js';
import { aggregateOf, noteSending, type OutboxRow } from './outbox-batch.js';
import { isRecordRefused, PublishFailedError } from './outbox-errors.js';
import type { RelayConnections } from './relay-connections.js';
import type { RowsInHand } from './rows-in-hand.js';
import { statement } from './settle-within.js';
import type { ShardLeases } from './shard-leases.js';
import { halved, LONE_DEATHS_MAX, poisonous } from './suspects.js';

export interface PoisonIsolationOptions {
  readonly owner: string;
  readonly leases: ShardLeases;
  readonly beat: LeaseBeat;
  readonly inHand: RowsInHand;
  readonly sendTimeoutMs: number;
  readonly send: (rows: readonly OutboxRow[]) => Promise<void>;
}

/**
 * Finds the row that cannot be sent, among many that can.
 *
 * There are two signs: processes died while they sent it (`withoutDeadly`, before the send), or the broker refused it for
 * what it is (`sendAll`). Either way the batch is halved until that row is alone, and only that one is held.
 */
export class PoisonIsolation {
  constructor(private readonly options: PoisonIsolationOptions) {}

  /** What is left of a batch when somebody died of its rows: held is what killed alone, and the rest comes in halves. */
  async withoutDeadly(
    connections: RelayConnections,
    rows: readonly OutboxRow[],
    { note }: { readonly note: boolean },
  ): Promise<readonly OutboxRow[]> {
    const { owner, leases, beat, inHand } = this.options;
    if (poisonous(rows, leases.deaths).length > 0) {
      // An operator may have released the row since the last beat.
      await beat.beat(connections.leases);
    }
    const { deaths } = leases;
    const poison = poisonous(rows, deaths);
    for (const row of poison) {
      const reason = `the process died ${LONE_DEATHS_MAX} times while it sent this event alone`;
      await inHand.hold(connections.rows, row, reason, LONE_DEATHS_MAX);
    }
    if (poison.length > 0) {
      // Read again, without those that wait behind.
      return [];
    }
    const careful = halved(rows, deaths);
    if (careful.length < rows.length && note) {
      await statement(noteSending(connections.rows, owner, careful));
    }
    return careful;
  }

  /** Sends the rows; a refused batch is halved until the guilty row is alone, and only that one is held. */
  async sendAll(
    connections: RelayConnections,
    rows: readonly OutboxRow[],
    heldBack: Set<string> = new Set(),
  ): Promise<void> {
    const { beat, inHand, send, sendTimeoutMs } = this.options;
    if (!(await beat.lastsLongerThan(sendTimeoutMs, connections.leases))) {
      throw new PublishFailedError('the lease on the outbox shards was not renewed in time for another send');
    }
    const sendable = rows.filter(
      (row) => (heldBack.size === 0 || !heldBack.has(aggregateOf(row))) && inHand.isStillOurs(row),
    );
    const [first] = sendable;
    if (first === undefined) {
      return;
    }
    try {
      await send(sendable);
    } catch (error) {
      const message = error instanceof Error ? error.message : String(error);
      if (!isRecordRefused(error)) {
        throw new PublishFailedError(message, error);
      }
      if (sendable.length === 1) {
        await inHand.hold(connections.rows, first, message);
        heldBack.add(aggregateOf(first));
        return;
      }
      const middle = Math.ceil(sendable.length / 2);
      await this.sendAll(connections, sendable.slice(0, middle), heldBack);
      await this.sendAll(connections, sendable.slice(middle), heldBack);
    }
  }
}
