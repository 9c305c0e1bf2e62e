import type { EntityManager } from 'typeorm';
import { writeAudit } from './audit.js';
import type { Operator } from './dead-events.js';
import type { ReplayPositions } from './replay-positions.js';

/**
 * What a request for a replay needs beyond its first table, for a later migration: the instances, which alone know for
 * how long they remember events, say here why they do not do it.
 */
export const replayTables: readonly string[] = [
  `ALTER TABLE replay_requests ADD COLUMN refused text`,
  // Asked for every few seconds, and nearly always empty.
  `CREATE INDEX replay_requests_open ON replay_requests (consumer) WHERE finished_at IS NULL`,
];

/** A topic to be read again by one consumer, while it runs. */
export interface ReplayWish {
  readonly consumer: string;
  readonly topic: string;
  /** Where it begins, in the words of whoever asked: an offset, or a time. */
  readonly fromOffset?: string | undefined;
  readonly fromTime?: Date | undefined;
  /** The same for each partition concerned. */
  readonly positions: ReplayPositions;
}

export interface ReplayRequest {
  readonly id: string;
  readonly consumer: string;
  readonly topic: string;
  readonly fromOffset: string | null;
  readonly fromTime: Date | null;
  readonly requestedBy: string;
  readonly requestedAt: Date;
  readonly positions: ReplayPositions;
  /** Partition -> when its owner began to read from there. */
  readonly done: Readonly<Record<string, string>>;
  /** When the last partition was begun, or it was refused. */
  readonly finishedAt: Date | null;
  readonly refused: string | null;
}

const COLUMNS = `id, consumer, topic, from_offset AS "fromOffset", from_time AS "fromTime", requested_by AS "requestedBy",
  requested_at AS "requestedAt", coalesce(positions, '{}') AS positions, done, finished_at AS "finishedAt", refused`;

/** Asks the instances of a consumer to read a topic again; answers the id of the request. */
export async function requestReplay(
  manager: EntityManager,
  { consumer, topic, fromOffset, fromTime, positions }: ReplayWish,
  { who, reason }: Operator,
): Promise<string> {
  const [row] = await manager.query<{ id: string }[]>(
    `INSERT INTO replay_requests (consumer, topic, from_offset, from_time, requested_by, positions)
     VALUES ($1, $2, $3, $4, $5, $6) RETURNING id`,
    [consumer, topic, fromOffset ?? null, fromTime ?? null, who, JSON.stringify(positions)],
  );
  const id = row?.id ?? '';
  await writeAudit(manager, {
    who,
    action: 'replay.request',
    subject: { id, consumer, topic, fromOffset, fromTime, positions },
    reason,
  });
  return id;
}

/** The newest first. */
export async function listReplays(manager: EntityManager, limit: number): Promise<ReplayRequest[]> {
  return manager.query<ReplayRequest[]>(`SELECT ${COLUMNS} FROM replay_requests ORDER BY id DESC LIMIT $1`, [limit]);
}

export async function findReplay(manager: EntityManager, id: string): Promise<ReplayRequest | undefined> {
  const [request] = await manager.query<ReplayRequest[]>(`SELECT ${COLUMNS} FROM replay_requests WHERE id = $1`, [id]);
  return request;
}

/** Those that the instances of this consumer have still to do, in the order in which they were asked for. */
export async function openReplays(manager: EntityManager, consumer: string): Promise<ReplayRequest[]> {
  return manager.query<ReplayRequest[]>(
    `SELECT ${COLUMNS} FROM replay_requests
      WHERE consumer = $1 AND finished_at IS NULL AND positions IS NOT NULL ORDER BY id`,
    [consumer],
  );
}

/** These partitions are being read again. The last of them finishes the request. */
export async function markReplayed(manager: EntityManager, id: string, partitions: readonly number[]): Promise<void> {
  const at = new Date().toISOString();
  const done = Object.fromEntries(partitions.map((partition) => [String(partition), at]));
  await manager.query(
    `UPDATE replay_requests
        SET done = done || $2::jsonb,
            finished_at = CASE WHEN (done || $2::jsonb) ?& ARRAY(SELECT jsonb_object_keys(positions)) THEN clock_timestamp() END
      WHERE id = $1 AND finished_at IS NULL`,
    [id, JSON.stringify(done)],
  );
}

export async function refuseReplay(manager: EntityManager, id: string, why: string): Promise<void> {
  await manager.query(
    'UPDATE replay_requests SET refused = $2, finished_at = clock_timestamp() WHERE id = $1 AND finished_at IS NULL',
    [id, why],
  );
}
