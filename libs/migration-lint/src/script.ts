import type { Backfill, LintIgnore, MigrationPhase } from '@waybill/database';

/** SQL that a migration sends, or a file holds. */
export interface Query {
  readonly sql: string;
  readonly from: 'up' | 'backfill';
}

/** What is judged: a migration with the SQL that it would send, or a file of plain SQL. */
export interface Script {
  readonly name: string;
  readonly phase: MigrationPhase;
  /** All of it in one transaction; a file may open its own. */
  readonly transaction: boolean;
  readonly queries: readonly Query[];
  readonly ignores: readonly LintIgnore[];
  /** What cannot be seen in the SQL; absent for a file. */
  readonly migration?: MigrationFacts;
}

export interface MigrationFacts {
  /** The moment of its making, in ms, from the end of the class's name. */
  readonly timestamp: number;
  readonly lockTimeoutMs: number | undefined;
  readonly statementTimeoutMs: number | undefined;
  readonly backfill: Backfill | undefined;
  readonly declaresPhase: boolean;
  /** Whether `down` takes it back: false when it throws. */
  readonly wayBack: boolean;
  /** What `up` did beside sending SQL: nothing that could be judged. */
  readonly unjudged: readonly string[];
}
