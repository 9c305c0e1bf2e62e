import type { Backfill, MigrationPhase } from '@waybill/database';
import type { Position } from './parse.js';

/** An error refuses the migration; a warning is advice. */
export type Severity = 'error' | 'warning';

/** One step of a safe way: a migration of its own, or a change of the code between two of them. */
export type Step =
  | {
      readonly step: 'migration';
      readonly phase: 'expand' | 'contract';
      /** False: each statement by itself. */
      readonly transaction: boolean;
      readonly statements: readonly string[];
    }
  | { readonly step: 'backfill'; readonly backfill: Backfill }
  | { readonly step: 'code'; readonly words: string };

/** What to do in the statement's place: SQL with its names filled in. */
export type Recipe = readonly Step[];

export interface Problem {
  /** What lock it takes, or what breaks, and for how long. */
  readonly why: string;
  readonly recipe: Recipe;
  /** Where it differs from the rule's own. */
  readonly severity?: Severity;
}

export interface Finding {
  readonly rule: string;
  readonly severity: Severity;
  /** The migration's name, or the file's. */
  readonly script: string;
  readonly phase: MigrationPhase;
  /** The statement, or undefined where the migration as a whole is meant. */
  readonly statement: string | undefined;
  /** Which query of `up`, counted from 1, and where in it. */
  readonly query: number | undefined;
  readonly position: Position | undefined;
  readonly why: string;
  readonly recipe: Recipe;
}
