import type pg from 'pg';

interface Sight {
  readonly ms: number;
  readonly building: { readonly phase: string; readonly done: number; readonly total: number } | null;
  readonly blockers: readonly { readonly pid: number; readonly name: string; readonly state: string; readonly ms: number }[] | null;
}

const LOOK_EVERY_MS = 200;
const FIRST_WORD_MS = 5_000;
const WORD_EVERY_MS = 10_000;

const LOOK = `
  SELECT (extract(epoch FROM clock_timestamp() - a.query_start) * 1000)::float8 AS ms,
         CASE WHEN p.pid IS NULL THEN NULL
              ELSE json_build_object('phase', p.phase, 'done', p.blocks_done, 'total', p.blocks_total) END AS building,
         (SELECT json_agg(json_build_object('pid', b.pid, 'name', coalesce(b.application_name, ''), 'state', coalesce(b.state, '?'),
                                            'ms', coalesce(round(extract(epoch FROM clock_timestamp() - b.xact_start) * 1000), 0)))
            FROM pg_stat_activity b WHERE b.pid = ANY (pg_blocking_pids(a.pid))) AS blockers
    FROM pg_stat_activity a LEFT JOIN pg_stat_progress_create_index p ON p.pid = a.pid
   WHERE a.pid = $1 AND a.state = 'active'`;

/**
 * Looks from a second session at the one that migrates: whom it waits for, how far an index is, and how to make it stop.
 *
 * What it cannot find out is missing in the words, and nothing else.
 */
export class StatementWatch {
  private timer: NodeJS.Timeout | undefined;
  private looking: Promise<void> | undefined;
  private lastMs = 0;
  private nextWordMs = FIRST_WORD_MS;
  private seen: string | undefined;

  constructor(
    private readonly client: pg.Client,
    private readonly pid: number,
    private readonly log: (message: string) => void,
  ) {}

  /** Whoever was last seen in the way, such as `pid 4711 (waybill-orders-1, idle in transaction for 4.2 s)`. */
  get blockers(): string | undefined {
    return this.seen;
  }

  /** `name` is that of the migration, for the words on what takes long. */
  start(name: string): void {
    this.seen = undefined;
    this.nextWordMs = FIRST_WORD_MS;
    this.next(name);
  }

  async stop(): Promise<void> {
    clearTimeout(this.timer);
    this.timer = undefined;
    await this.looking;
    clearTimeout(this.timer);
    this.timer = undefined;
  }

  async cancelStatement(): Promise<void> {
    await this.client.query('SELECT pg_cancel_backend($1)', [this.pid]).catch(() => undefined);
  }

  private next(name: string): void {
    this.timer = setTimeout(() => {
      this.looking = this.look(name).finally(() => {
        if (this.timer !== undefined) {
          this.next(name);
        }
      });
    }, LOOK_EVERY_MS);
  }

  private async look(name: string): Promise<void> {
    try {
      const { rows } = await this.client.query<Sight>(LOOK, [this.pid]);
      const [sight] = rows;
      if (sight === undefined) {
        return;
      }
      if (sight.blockers !== null) {
        this.seen = sight.blockers.map(blockerInWords).join(', ');
      }
      this.say(name, sight);
    } catch {
      // Whoever migrates hears of a lost connection by itself.
    }
  }

  private say(name: string, { ms, building, blockers }: Sight): void {
    if (ms < this.lastMs) {
      // Another statement than the last time.
      this.nextWordMs = FIRST_WORD_MS;
    }
    this.lastMs = ms;
    if (ms < this.nextWordMs) {
      return;
    }
    this.nextWordMs = ms + WORD_EVERY_MS;
    const index = building === null ? '' : `, ${building.phase}, ${building.done} of ${building.total} blocks`;
    const waits = blockers === null ? '' : `, waits for ${this.seen}`;
    this.log(`${name} is at it since ${Math.round(ms / 1_000)} s${index}${waits}`);
  }
}

function blockerInWords({ pid, name, state, ms }: NonNullable<Sight['blockers']>[number]): string {
  return `pid ${pid} (${name || 'unnamed'}, ${state}, its transaction is ${(ms / 1_000).toFixed(1)} s old)`;
}
