import type { KnownMigration } from './known-migrations.js';
import type { Queryable } from './queryable.js';

/** Writes down that it has run: in TypeORM's table, and what that does not hold in ours. */
export async function recordApplied(session: Queryable, { name, timestamp, phase }: KnownMigration): Promise<void> {
  await session.query('INSERT INTO migrations (timestamp, name) VALUES ($1, $2)', [timestamp, name]);
  await session.query(
    'INSERT INTO schema_phases (name, phase) VALUES ($1, $2) ON CONFLICT (name) DO UPDATE SET phase = $2, applied_at = clock_timestamp()',
    [name, phase],
  );
  await session.query('UPDATE schema_backfills SET finished_at = clock_timestamp() WHERE migration = $1', [name]);
}

/** As if it had never run; a backfill begins at its beginning. */
export async function recordUndone(session: Queryable, name: string): Promise<void> {
  await session.query('DELETE FROM migrations WHERE name = $1', [name]);
  await session.query('DELETE FROM schema_phases WHERE name = $1', [name]);
  await session.query('DELETE FROM schema_backfills WHERE migration = $1', [name]);
}
