import type { DataSource } from 'typeorm';
import type { Migration } from '../migration.js';
import { byStrength, type LockModes } from './lock-sampler.js';

/**
 * The locks that a migration takes, exactly: it runs in a transaction on empty tables, which is asked before it is rolled
 * back. Modes do not depend on how many rows there are; a sampler may miss one that is held for a millisecond.
 *
 * Nothing for a migration that no transaction may hold; there each statement's lock is its own.
 */
export async function locksOf(dataSource: DataSource, migration: Migration): Promise<LockModes> {
  if (migration.transaction === false) {
    return {};
  }
  const runner = dataSource.createQueryRunner();
  try {
    await runner.startTransaction();
    await migration.up(runner);
    const rows = (await runner.query(QUERY)) as readonly { table: string; mode: string }[];
    const tables = [...new Set(rows.map(({ table }) => table))];
    return Object.fromEntries(
      tables.map((table) => [table, byStrength(rows.filter((row) => row.table === table).map(({ mode }) => mode))]),
    );
  } finally {
    await runner.rollbackTransaction();
    await runner.release();
  }
}

const QUERY = `
  SELECT t.relname AS table, l.mode FROM pg_locks l JOIN pg_class t ON t.oid = l.relation
  WHERE l.pid = pg_backend_pid() AND l.granted AND t.relkind IN ('r', 'p') AND t.relnamespace = 'public'::regnamespace`;
