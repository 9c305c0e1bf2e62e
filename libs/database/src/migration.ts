import type { MigrationInterface } from 'typeorm';

/**
 * When a migration may run.
 *
 * - expand: adds what the next version needs; the version before goes on working. Has a way back.
 * - backfill: fills what was added, in small batches, while both versions work.
 * - contract: takes away what only an older version needs; it runs by its own command, after the roll-out.
 */
export type MigrationPhase = 'expand' | 'backfill' | 'contract';

/** A service's migration: TypeORM's class, whose name ends in the moment of its making, and what must be known before it runs. */
export interface Migration extends MigrationInterface {
  /** Absent: expand, as those that are older than the phases. */
  readonly phase?: MigrationPhase;
  /** False for CREATE INDEX CONCURRENTLY and its like, which no transaction may hold. */
  readonly transaction?: boolean;
  /** How long a statement may wait for its lock, and whoever queues behind it; 500 ms, unlimited for CONCURRENTLY. */
  readonly lockTimeoutMs?: number;
  /** How long one statement may run; 15 s, unlimited for CONCURRENTLY. */
  readonly statementTimeoutMs?: number;
  /** The longest time, in ms, that it may make a writer wait; `migrate rehearse` measures it. */
  readonly maxStallMs?: number;
  /**
   * For `migrate rehearse`, where it cannot make up rows that the tables take: `table.column` and an SQL expression over
   * `i`, the number of the row: `{ 'orders.code': "lpad(i::text, 8, '0')" }`.
   */
  readonly rehearsalValues?: Readonly<Record<string, string>>;
  /** What a migration of the phase backfill does, besides `up`, which has nothing left to do. */
  readonly backfill?: Backfill;
  /** What `migrate lint` refuses here and is right all the same, until a day. */
  readonly lintIgnores?: readonly LintIgnore[];
}

/** One rule of the linter that one migration may break: who reads it wants to know why, and it ends by itself. */
export interface LintIgnore {
  /** As `migrate lint` prints it, such as `drop-not-null`. */
  readonly rule: string;
  readonly reason: string;
  /** The last day on which it counts, as `2026-12-31`; at most a year ahead. */
  readonly until: string;
}

/** Every row of a table once, in the order of a unique key, some at a time, each batch committed by itself. */
export interface Backfill {
  readonly table: string;
  /** Unique, not null, of one column; batches go by its order. */
  readonly key: string;
  /** Changes the rows whose key is in the array $1, cast to the key's type: `... WHERE id = ANY ($1::uuid[])`. */
  readonly statement: string;
  /** Rows a batch; 1,000. */
  readonly batchRows?: number;
  /** Pause between two batches, beside what waiting writers and replicas ask for; 0 ms. */
  readonly pauseMs?: number;
}

export type MigrationClass = new () => Migration;
