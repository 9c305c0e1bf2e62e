import type pg from 'pg';
import { RehearsalError } from './rehearsal-error.js';
import { insertRows, type RowPlan } from './row-plan.js';

/** Few round trips, and a word of progress now and then. */
const BATCH_ROWS = 50_000;

/**
 * Fills an empty table with the rows 1 to `rows`, and leaves it as a table is that has been there for long: with
 * statistics, and nothing for the autovacuum to do in the middle of a measurement.
 *
 * Triggers and foreign keys are not asked, for which the session needs a superuser: the plan refers to rows that there are.
 */
export async function fillTable(
  client: pg.ClientBase,
  plan: RowPlan,
  rows: number,
  progress: (done: number) => void,
): Promise<void> {
  await client.query(`SET session_replication_role = replica; SET synchronous_commit = off`);
  const insert = insertRows(plan, 'generate_series($1::bigint, $2::bigint) AS i');
  try {
    for (let done = 0; done < rows; done += BATCH_ROWS) {
      await client.query(insert, [done + 1, Math.min(done + BATCH_ROWS, rows)]);
      progress(Math.min(done + BATCH_ROWS, rows));
    }
  } catch (error) {
    throw RehearsalError.refused(plan.table, error);
  } finally {
    await client.query('RESET session_replication_role; RESET synchronous_commit');
  }
  await client.query(`VACUUM (ANALYZE) ${client.escapeIdentifier(plan.table)}`);
}
