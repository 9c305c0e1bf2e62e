import { createHash } from 'node:crypto';
import type { Migration } from '../migration.js';
import { statementsOf } from '../migrations/statements-of.js';
import { RehearsalError } from './rehearsal-error.js';

const DIGITS = 16;

/** All that a migration sends. @throws RehearsalError where that cannot be told without a database */
export async function allStatements(name: string, migration: Migration): Promise<readonly string[]> {
  const statements = await statementsOf(migration);
  if (statements === undefined) {
    throw new RehearsalError(
      `${name} should consist of SQL that is known before it runs: runner.query(...) only, and no question to the database first.`,
    );
  }
  return [...statements, ...(migration.backfill === undefined ? [] : [migration.backfill.statement])];
}

/** Changes when a measurement is no longer one of this migration: its statements, or how they are run. */
export async function hashOf(name: string, migration: Migration): Promise<string> {
  const { transaction = true, lockTimeoutMs, statementTimeoutMs, backfill } = migration;
  const statements = (await allStatements(name, migration)).map((statement) => statement.replace(/\s+/g, ' ').trim());
  const text = JSON.stringify({ statements, transaction, lockTimeoutMs, statementTimeoutMs, backfill: { ...backfill, statement: undefined } });
  return createHash('sha256').update(text).digest('hex').slice(0, DIGITS);
}
