import { type Queryable, rowsOf } from './queryable.js';

/** A process of a service that was seen lately. */
export interface LiveInstance {
  readonly service: string;
  /** `1 (pid 4711 on shop-7)` */
  readonly instance: string;
  readonly version: string;
  /** The moment of the newest migration in its build. */
  readonly schema: number;
  readonly startedAt: Date;
  readonly seenAt: Date;
}

/** Four heart-beats: an instance that is silent for longer is dead, by the database's clock. */
export const DEAD_AFTER_MS = 20_000;

/** Nothing where no runner has made the table yet. */
export async function liveInstances(database: Queryable): Promise<readonly LiveInstance[]> {
  const [table] = await rowsOf<{ there: boolean }>(database, `SELECT to_regclass('schema_instances') IS NOT NULL AS there`);
  if (!table?.there) {
    return [];
  }
  const rows = await rowsOf<Omit<LiveInstance, 'schema'> & { schema: string }>(
    database,
    `SELECT service, instance, version, schema, started_at AS "startedAt", seen_at AS "seenAt"
       FROM schema_instances
      WHERE seen_at > clock_timestamp() - $1 * interval '1 ms'
      ORDER BY schema, started_at`,
    [DEAD_AFTER_MS],
  );
  return rows.map((row) => ({ ...row, schema: Number(row.schema) }));
}

/** `orders 1 (pid 4711 on shop-7), version 1.4.0, since 2026-11-25T03:00:00.000Z` */
export function instanceInWords({ service, instance, version, startedAt }: LiveInstance): string {
  return `${service} ${instance}, version ${version}, since ${startedAt.toISOString()}`;
}
