import { type Queryable, rowsOf } from './queryable.js';

/** What tells a backfill to hold back. */
export interface Pressure {
  /** Sessions that use the table and wait for a lock: on the table, on one of its rows, or for whoever changed one. */
  readonly waiting: number;
  /** How far the slowest replica is behind in applying, in ms; 0 where there is none, or where the login may not see it. */
  readonly replicaLagMs: number;
}

/** A replica that is further behind serves reads that are too old, and a failover to it would take too long. */
const REPLICA_LAG_MAX_MS = 5_000;

/**
 * Looks at pg_locks and at replay_lag of pg_stat_replication. The lag of a replica is shown to superusers and members of
 * pg_monitor only.
 */
export async function readPressure(session: Queryable, table: string): Promise<Pressure> {
  const [row] = await rowsOf<Pressure>(
    session,
    `SELECT (SELECT count(DISTINCT w.pid)::int FROM pg_locks w
              WHERE NOT w.granted AND w.pid <> pg_backend_pid()
                AND EXISTS (SELECT 1 FROM pg_locks o JOIN pg_database d ON d.oid = o.database
                             WHERE o.pid = w.pid AND o.relation = $1::regclass AND d.datname = current_database())) AS waiting,
            (SELECT coalesce(max(extract(epoch FROM replay_lag)) * 1000, 0)::float8 FROM pg_stat_replication) AS "replicaLagMs"`,
    [table],
  );
  return row ?? { waiting: 0, replicaLagMs: 0 };
}

/** Why the backfill should hold back, in words; undefined when it need not. */
export function pressureInWords({ waiting, replicaLagMs }: Pressure): string | undefined {
  if (waiting > 0) {
    return `${waiting} ${waiting === 1 ? 'session waits' : 'sessions wait'} for a lock there`;
  }
  return replicaLagMs > REPLICA_LAG_MAX_MS ? `a replica is ${(replicaLagMs / 1_000).toFixed(1)} s behind` : undefined;
}
