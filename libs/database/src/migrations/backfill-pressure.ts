import { type Queryable, rowsOf } from './queryable.js';

/** What tells a backfill to hold back. */
export interface Pressure {
  /** Sessions that use the table and wait for a lock: on the table, on one of its rows, or for whoever changed one. */
  readonly waiting: number;
  /** How far the slowest replica is behind in applying, in ms; 0 where there is none, or where the login may not see it. */
  readonly replicaLagMs: number;
  /** WAL that the slowest replica has not applied yet: a replay that stands still shows here, and not in its lag. */
  readonly replicaLagBytes: number;
}

/** A replica that is further behind serves reads that are too old, and a failover to it would take too long. */
const REPLICA_LAG_MAX_MS = 5_000;
const MEGABYTE = 1_024 * 1_024;
const REPLICA_LAG_MAX_BYTES = 128 * MEGABYTE;

/**
 * Looks at pg_locks, and at replay_lag and replay_lsn of pg_stat_replication, which shows them to superusers and members
 * of pg_monitor only.
 */
export async function readPressure(session: Queryable, table: string): Promise<Pressure> {
  const [row] = await rowsOf<Pressure>(
    session,
    `SELECT (SELECT count(DISTINCT w.pid)::int FROM pg_locks w
              WHERE NOT w.granted AND w.pid <> pg_backend_pid()
                AND EXISTS (SELECT 1 FROM pg_locks o JOIN pg_database d ON d.oid = o.database
                             WHERE o.pid = w.pid AND o.relation = $1::regclass AND d.datname = current_database())) AS waiting,
            coalesce(max(extract(epoch FROM replay_lag)) * 1000, 0)::float8 AS "replicaLagMs",
            coalesce(max(pg_wal_lsn_diff(pg_current_wal_lsn(), replay_lsn)), 0)::float8 AS "replicaLagBytes"
       FROM pg_stat_replication`,
    [table],
  );
  return row ?? { waiting: 0, replicaLagMs: 0, replicaLagBytes: 0 };
}

/** Why the backfill should hold back, in words; undefined when it need not. */
export function pressureInWords({ waiting, replicaLagMs, replicaLagBytes }: Pressure): string | undefined {
  if (waiting > 0) {
    return `${waiting} ${waiting === 1 ? 'session waits' : 'sessions wait'} for a lock there`;
  }
  if (replicaLagMs > REPLICA_LAG_MAX_MS) {
    return `a replica is ${(replicaLagMs / 1_000).toFixed(1)} s behind`;
  }
  return replicaLagBytes > REPLICA_LAG_MAX_BYTES ? `a replica is ${Math.round(replicaLagBytes / MEGABYTE)} MB behind` : undefined;
}
