import type { EntityManager } from 'typeorm';
import { openTransaction } from './open-transaction.js';
import { markForWakeUp } from './outbox-signal.js';

/** What became of the wish; `not-held`: there is no such row, or it is not held (any more). */
export type HeldRowOutcome = 'done' | 'not-held';

// TypeORM gives what an UPDATE or DELETE touched only through RETURNING.
const RELEASE = `
  WITH released AS (
    UPDATE outbox SET held = false, attempts = 0, error = NULL WHERE id = $1 AND held RETURNING seq
  ),
  forgotten AS (
    DELETE FROM outbox_sends s USING released WHERE s.row_count = 1 AND s.first_seq = released.seq
      AND NOT EXISTS (SELECT 1 FROM outbox_relays r WHERE r.owner = s.owner AND r.expires_at >= statement_timestamp())
  )
  SELECT seq FROM released`;

const DISCARD = `WITH discarded AS (DELETE FROM outbox WHERE id = $1 AND held RETURNING seq) SELECT seq FROM discarded`;

/**
 * Lets the relay try a held row again, and then those that wait behind it; the deaths it was blamed for are forgotten.
 *
 * @throws NotInTransactionError outside a transaction
 */
export async function releaseHeld(manager: EntityManager, id: string): Promise<HeldRowOutcome> {
  return change(manager, 'releaseHeld', RELEASE, id);
}

/**
 * Deletes a held row: its event is never sent, and the later ones of its aggregate are. Whoever calls it writes down
 * who wanted it and why, in the same transaction.
 *
 * @throws NotInTransactionError outside a transaction
 */
export async function discardHeld(manager: EntityManager, id: string): Promise<HeldRowOutcome> {
  return change(manager, 'discardHeld', DISCARD, id);
}

async function change(manager: EntityManager, call: string, statement: string, id: string): Promise<HeldRowOutcome> {
  const runner = openTransaction(manager, call);
  const rows = (await runner.query(statement, [id])) as unknown[];
  markForWakeUp(runner);
  return rows.length === 0 ? 'not-held' : 'done';
}
