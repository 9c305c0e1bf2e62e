import type { Problem, Severity } from './finding.js';
import type { KnownTables } from './known-tables.js';
import type { Operation } from './operation.js';
import type { Script } from './script.js';
import type { LockMode, Transaction } from './transaction.js';

/** What a rule may know beside the operation: everything that the migrations before it have done. */
export interface Context {
  readonly script: Script;
  readonly tables: KnownTables;
  readonly transaction: Transaction;
  /** What was done before it in the same script. */
  readonly before: readonly Operation[];
}

/** What the server does for a statement that the rule refuses; proof.int.spec.ts looks at it there. */
export interface Claim {
  /** The strongest lock that it takes on the table. */
  readonly lock: LockMode;
  /** While it holds that lock: writes the table anew, reads all of it, or neither. */
  readonly work: 'rewrites' | 'scans' | 'short';
}

export interface Rule {
  readonly id: string;
  readonly severity: Severity;
  /** What it refuses, as one line of the documentation. */
  readonly refuses: string;
  readonly claim?: Claim;
  /** Kinds of operation that it looks at. */
  readonly on: readonly string[];
  /** Also where nobody uses the table yet. */
  readonly alsoOnNewTables?: boolean;
  check(operation: Operation, context: Context): Problem | undefined;
}

/** Of a migration as a whole. */
export interface ScriptRule {
  readonly id: string;
  readonly severity: Severity;
  readonly refuses: string;
  check(script: Script, operations: readonly Operation[]): Problem | undefined;
}
