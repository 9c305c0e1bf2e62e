import type { EntityManager } from 'typeorm';
import type { RepublishOptions } from './republish.js';

/** What the archive holds: of what was asked for, and altogether. */
export interface ArchiveCount {
  readonly matching: number;
  /** 0: the archive is switched off, or nothing was sent since. */
  readonly everything: number;
  /** When Kafka acknowledged the oldest of all. */
  readonly oldest: Date | null;
  /** The end that was asked for, or now by the database's clock, which is the one that dates the archive. */
  readonly until: Date;
}

const COUNT = `SELECT count(*) FILTER (WHERE archived_at >= $1::timestamptz AND archived_at < coalesce($2::timestamptz, now())
                  AND ($3::text IS NULL OR (aggregatetype = $3 AND aggregateid = $4)))::int AS matching,
    count(*)::int AS everything, min(archived_at) AS oldest, coalesce($2::timestamptz, now()) AS until
  FROM outbox_archive`;

/** How much `republish` would put back. */
export async function countArchived(
  manager: EntityManager,
  { since, until, aggregate }: { since: Date; until?: Date | undefined; aggregate?: RepublishOptions['aggregate'] | undefined },
): Promise<ArchiveCount> {
  const [count] = await manager.query<ArchiveCount[]>(COUNT, [since, until ?? null, aggregate?.type ?? null, aggregate?.id ?? null]);
  return count ?? { matching: 0, everything: 0, oldest: null, until: until ?? new Date() };
}
