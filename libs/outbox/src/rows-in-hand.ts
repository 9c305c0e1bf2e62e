import type pg from 'pg';
import { aggregateOf, deleteAndRead, holdRow, type OutboxRow, withinBytes } from './outbox-batch.js';
import type { RelayLog } from './relay-options.js';
import { statement } from './settle-within.js';
import type { HeldShards, ShardLeases } from './shard-leases.js';

export interface RowsInHandOptions {
  readonly owner: string;
  readonly leases: ShardLeases;
  readonly log: RelayLog;
  readonly archive: boolean;
  readonly batchRowsMax: number;
  readonly batchBytesMax: number;
}

/** The rows of one batch, from the read to the delete, and the leases under which they were read. */
export class RowsInHand {
  private acknowledged: OutboxRow[] = [];
  /** What has changed hands since is no longer ours to send or delete. */
  private readUnder: HeldShards = { shards: [], fences: [] };
  private cutOff = false;

  constructor(private readonly options: RowsInHandOptions) {}

  /** The last batch was cut off at its bound: more is waiting. */
  get isBehind(): boolean {
    return this.cutOff;
  }

  /** Deletes what was acknowledged and reads the lowest rows that are left; with `note` says first what it will send. */
  async deleteAndRead(client: pg.Client, { note }: { readonly note: boolean }): Promise<readonly OutboxRow[]> {
    const { owner, archive, batchRowsMax, batchBytesMax, leases } = this.options;
    const { held } = leases;
    if (held.shards.length === 0) {
      return [];
    }
    const rows = await statement(
      deleteAndRead(client, held, this.deletable(), { owner, rowsMax: batchRowsMax, archive, note }),
    );
    this.acknowledged = [];
    this.readUnder = held;
    const batch = withinBytes(rows, batchBytesMax);
    this.cutOff = batch.length < rows.length || rows.length >= batchRowsMax;
    return batch;
  }

  /** Before the shards go to the next owner, who would send these rows again. */
  async deleteAcknowledged(client: pg.Client): Promise<void> {
    const { owner, archive, leases } = this.options;
    if (this.acknowledged.length > 0) {
      await statement(
        deleteAndRead(client, leases.held, this.deletable(), { owner, rowsMax: 0, archive, note: false }),
      );
      this.acknowledged = [];
    }
  }

  acknowledge(rows: readonly OutboxRow[]): void {
    this.acknowledged.push(...rows);
  }

  /** A row that cannot be sent: kept, visible, and in nobody's way but its own aggregate's. */
  async hold(client: pg.Client, row: OutboxRow, reason: string, attempts = 1): Promise<void> {
    await statement(holdRow(client, this.options.leases.held, row.seq, reason, attempts));
    this.options.log.error('an event cannot be sent; it and the later ones of its aggregate are held', {
      event: row.id,
      type: row.type,
      aggregate: aggregateOf(row),
      error: reason,
    });
  }

  /** False when another relay, or `republish`, has taken the row's shard since the row was read. */
  isStillOurs({ shard }: OutboxRow): boolean {
    const { leases } = this.options;
    const { shards, fences } = this.readUnder;
    return leases.held === this.readUnder || leases.owns(shard, fences[shards.indexOf(shard)]);
  }

  /** Not what was lost to another relay and came back: that one, or `republish`, may have put the row there anew. */
  private deletable(): string[] {
    return this.acknowledged.filter((row) => this.isStillOurs(row)).map(({ seq }) => seq);
  }
}
