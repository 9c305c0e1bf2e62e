import { setTimeout as sleep } from 'node:timers/promises';
import pg from 'pg';

/**
 * A long report: a transaction that has read the tables and stays open, with its snapshot. It holds ACCESS SHARE, which
 * conflicts with ACCESS EXCLUSIVE and nothing else; CREATE INDEX CONCURRENTLY waits for its snapshot.
 *
 * Resolves when it holds them; the function it resolves with ends it, at once if its time is not over.
 */
export async function holdLocks(url: string, tables: readonly string[], holdMs: number): Promise<() => Promise<void>> {
  const client = new pg.Client({ connectionString: url, application_name: 'waybill-rehearsal-holder' });
  client.on('error', () => undefined);
  await client.connect();
  await client.query('BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY');
  for (const table of tables) {
    await client.query(`SELECT 1 FROM ${client.escapeIdentifier(table)} LIMIT 1`);
  }
  const over = new AbortController();
  const held = sleep(holdMs, undefined, { signal: over.signal })
    .catch(() => undefined)
    .then(() => client.end());
  return () => {
    over.abort();
    return held;
  };
}
