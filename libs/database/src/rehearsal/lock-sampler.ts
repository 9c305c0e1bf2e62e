import { setTimeout as sleep } from 'node:timers/promises';
import pg from 'pg';

/** The lock modes that were taken on each table, the weakest first. */
export type LockModes = Readonly<Record<string, readonly string[]>>;

export interface LockSamples {
  readonly modes: LockModes;
  /** The longest that another session was seen to wait for a lock of a table. */
  readonly longestWaitMs: number;
}

/** https://www.postgresql.org/docs/current/explicit-locking.html, table 13.2. */
const STRENGTH = [
  'AccessShareLock',
  'RowShareLock',
  'RowExclusiveLock',
  'ShareUpdateExclusiveLock',
  'ShareLock',
  'ShareRowExclusiveLock',
  'ExclusiveLock',
  'AccessExclusiveLock',
];

const EVERY_MS = 15;

/** Looks at pg_locks all the time: what the sessions of one application hold or want, and how long others wait. */
export class LockSampler {
  private readonly seen = new Map<string, Set<string>>();
  private longestWaitMs = 0;
  private stopping = false;
  private readonly sampling: Promise<void>;

  private constructor(
    private readonly client: pg.Client,
    private readonly applicationName: string,
  ) {
    this.sampling = this.sample();
    // Told by `stop`, whoever waits for it.
    this.sampling.catch(() => undefined);
  }

  static async start(url: string, applicationName: string): Promise<LockSampler> {
    const client = new pg.Client({ connectionString: url, application_name: 'waybill-rehearsal-sampler' });
    client.on('error', () => undefined);
    await client.connect();
    return new LockSampler(client, applicationName);
  }

  /** Of the given tables only. */
  async stop(tables: readonly string[]): Promise<LockSamples> {
    this.stopping = true;
    await this.sampling;
    await this.client.end();
    const modes = tables.map((table) => [table, byStrength(this.seen.get(table) ?? [])] as const);
    return { modes: Object.fromEntries(modes), longestWaitMs: Math.round(this.longestWaitMs) };
  }

  private async sample(): Promise<void> {
    while (!this.stopping) {
      const { rows } = await this.client.query<Sample>(QUERY, [this.applicationName]);
      for (const { table, mode, ours, waitedMs } of rows) {
        if (ours) {
          this.seen.set(table, (this.seen.get(table) ?? new Set()).add(mode));
        } else {
          this.longestWaitMs = Math.max(this.longestWaitMs, waitedMs ?? 0);
        }
      }
      await sleep(EVERY_MS);
    }
  }
}

export function byStrength(modes: Iterable<string>): string[] {
  return [...new Set(modes)].toSorted((a, b) => STRENGTH.indexOf(a) - STRENGTH.indexOf(b));
}

interface Sample {
  readonly table: string;
  readonly mode: string;
  readonly ours: boolean;
  readonly waitedMs: number | null;
}

const QUERY = `
  SELECT t.relname AS table, l.mode, a.application_name = $1 AS ours,
    extract(epoch FROM clock_timestamp() - l.waitstart)::float8 * 1000 AS "waitedMs"
  FROM pg_locks l JOIN pg_stat_activity a USING (pid) JOIN pg_class t ON t.oid = l.relation
  WHERE l.locktype = 'relation' AND l.database = (SELECT oid FROM pg_database WHERE datname = current_database())
    AND t.relkind IN ('r', 'p') AND t.relnamespace = 'public'::regnamespace
    AND (a.application_name = $1 OR NOT l.granted)`;
