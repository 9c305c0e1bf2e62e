import type { PlatformWatch } from '../prove/platform-watch.js';

/** The two columns of the customer, at one moment. */
export interface ColumnSums {
  readonly rows: number;
  /** Rows that have no `customer_ref` yet. */
  readonly unfilled: number;
  /** MD5 over id and customer of the rows that have both, in the order of their ids; null where the column is not there. */
  readonly id: string | null;
  readonly ref: string | null;
}

export async function columnSums(watch: Pick<PlatformWatch, 'query'>): Promise<ColumnSums> {
  const columns = await watch.query<{ name: string }>(
    'orders',
    `SELECT attname AS name FROM pg_attribute WHERE attrelid = 'orders'::regclass AND attname IN ('customer_id', 'customer_ref') AND NOT attisdropped`,
  );
  const has = (column: string) => columns.some(({ name }) => name === column);
  const both = has('customer_id') && has('customer_ref');
  const sum = (column: string) =>
    has(column) ? `md5(string_agg(id || ' ' || ${column}::text, ',' ORDER BY id)${both ? ' FILTER (WHERE customer_ref IS NOT NULL)' : ''})` : 'NULL';
  // One statement, one snapshot: what is written meanwhile is in both sums, or in neither.
  const [row] = await watch.query<{ rows: number; unfilled: number; id: string | null; ref: string | null }>(
    'orders',
    `SELECT count(*)::int AS rows, ${has('customer_ref') ? 'count(*) FILTER (WHERE customer_ref IS NULL)' : '0'}::int AS unfilled,
            ${sum('customer_id')} AS id, ${sum('customer_ref')} AS ref FROM orders`,
  );
  return row ?? { rows: 0, unfilled: 0, id: null, ref: null };
}

/** False only where both columns are there and differ. */
export function areEqual({ id, ref }: ColumnSums): boolean {
  return id === null || ref === null || id === ref;
}

/** Keeps each order's customer as `customer_id` says it now, out of the reach of what is about to be done. */
export async function rememberCustomers(watch: Pick<PlatformWatch, 'query'>): Promise<void> {
  await watch.query('orders', 'DROP TABLE IF EXISTS prove.customers');
  await watch.query('orders', `CREATE TABLE prove.customers AS SELECT id, customer_id::text AS customer FROM orders`);
}

/** Of the remembered orders, those whose `customer_ref` is another one, or that are gone. */
export async function changedCustomers(watch: Pick<PlatformWatch, 'query'>): Promise<number> {
  const [row] = await watch.query<{ n: number }>(
    'orders',
    `SELECT count(*)::int AS n FROM prove.customers c LEFT JOIN orders o USING (id) WHERE o.customer_ref IS DISTINCT FROM c.customer`,
  );
  return row?.n ?? 0;
}
