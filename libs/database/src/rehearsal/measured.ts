import type { Migration, MigrationClass } from '../migration.js';
import { knownMigrations } from '../migrations/known-migrations.js';
import type { LockModes } from './lock-sampler.js';
import { hashOf } from './migration-hash.js';

/** What a rehearsal has measured of one migration; kept beside it, in measured.json. */
export interface Measured {
  /** The longest that a writer had to wait for its answer while the migration ran. */
  readonly maxStallMs: number;
  readonly p99Ms: number;
  /** The same maximum in the second before: what the machine does by itself. */
  readonly quietMaxMs: number;
  readonly rows: number;
  readonly lockHolderMs: number;
  readonly lockModes: LockModes;
  readonly durationMs: number;
  /** How often the runner began, until the locks were to be had. */
  readonly tries: number;
  /** Tables that were written anew, all of them. */
  readonly rewritten: readonly string[];
  /** Also what the load wrote meanwhile. */
  readonly walMb: number;
  /** Of the tables and their indexes. */
  readonly grownMb: number;
  /** `18.4` */
  readonly postgres: string;
  /** Of the migration's statements, as they were when it was measured. */
  readonly statements: string;
  readonly date: string;
}

/** By the name of the migration's class. */
export type Ledger = Readonly<Record<string, Measured>>;

/** An entry counts from these on; with fewer rows, or nobody who reads, everything is quick. */
export const ledgerConditions = { rows: 1_000_000, lockHolderMs: 5_000 } as const;

/** Those up to here ran everywhere before there was a ledger. */
const OLDER_THAN_THE_LEDGER = 1_764_500_000_000;

export function belongsInLedger(timestamp: number): boolean {
  return timestamp > OLDER_THAN_THE_LEDGER;
}

/** What is wrong with a measurement, in words; undefined when it holds what the migration declares. */
export function problemOf(declaredMs: number | undefined, { maxStallMs, quietMaxMs, lockHolderMs }: Measured): string | undefined {
  if (declaredMs === undefined) {
    return `declares no maxStallMs; measured ${maxStallMs} ms`;
  }
  if (maxStallMs <= declaredMs) {
    return undefined;
  }
  const noise = quietMaxMs > declaredMs ? `; this machine makes writers wait ${quietMaxMs} ms without it: rehearse on a quieter one` : '';
  return `made a writer wait ${maxStallMs} ms behind a reader of ${lockHolderMs} ms, and declares maxStallMs ${declaredMs}${noise}`;
}

/** A migration, and why its entry does not do. */
export interface LedgerProblem {
  readonly name: string;
  readonly problem: string;
}

/** Every migration whose entry is missing, of other statements, or above what it declares. */
export async function ledgerProblems(
  migrations: readonly MigrationClass[],
  ledger: Ledger,
): Promise<readonly LedgerProblem[]> {
  const problems: LedgerProblem[] = [];
  for (const { name, timestamp, migration } of knownMigrations(migrations)) {
    const entry = ledger[name];
    if (!belongsInLedger(timestamp)) {
      continue;
    }
    const problem = entry === undefined ? 'has not been rehearsed' : await problemOfEntry(name, migration, entry);
    if (problem !== undefined) {
      problems.push({ name, problem });
    }
  }
  return problems;
}

async function problemOfEntry(name: string, migration: Migration, entry: Measured): Promise<string | undefined> {
  const { rows, lockHolderMs } = ledgerConditions;
  if (entry.statements !== (await hashOf(name, migration))) {
    return 'is not as it was when it was measured';
  }
  if (entry.rows < rows || entry.lockHolderMs < lockHolderMs) {
    return `was measured on ${entry.rows} rows behind a reader of ${entry.lockHolderMs} ms, and should be on ${rows} behind one of ${lockHolderMs} ms`;
  }
  return problemOf(migration.maxStallMs, entry);
}
