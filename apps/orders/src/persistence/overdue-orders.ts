import type { EntityManager } from 'typeorm';

export interface OverdueQuery {
  /** The time by the clock of whoever asks. */
  readonly at: Date;
  readonly limit: number;
  /** Ids that were tried and failed: they must not stand in the way of the others. */
  readonly except: readonly string[];
}

/** Written so that the partial index `orders_deadline` answers it. */
export const OVERDUE = `SELECT id FROM orders
  WHERE status IN ('PLACED', 'CONFIRMED') AND deadline_at <= least($1::timestamptz, now()) AND id <> ALL ($3::uuid[])
  ORDER BY deadline_at LIMIT $2 FOR UPDATE SKIP LOCKED`;

/**
 * The ids of orders whose deadline has passed, the most overdue first, locked until the end of the transaction.
 *
 * Rows that somebody else has locked are skipped: another timer is at them, or an event that is about to move them. Both
 * clocks have to agree, the caller's and the database's: a host whose clock has jumped ahead cancels nobody's order.
 */
export async function lockOverdueOrders(
  manager: EntityManager,
  { at, limit, except }: OverdueQuery,
): Promise<string[]> {
  const rows = await manager.query<{ id: string }[]>(OVERDUE, [at, limit, except]);
  return rows.map(({ id }) => id);
}
