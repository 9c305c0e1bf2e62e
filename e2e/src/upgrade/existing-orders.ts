import type { PlatformWatch } from '../prove/platform-watch.js';
import type { OrderState } from '../prove/record.js';

/** No order of a service has such an id: theirs begin with the time. */
const PREFIX = '00000000-0000-7000-8000-';
const CUSTOMERS = 1_000;

/**
 * Orders that were there before: rejected ones, so that nobody expects anything of them. Nobody has placed them, so they are
 * put in past the ledger's triggers, and the checker does not see them; see `withoutExisting`.
 */
export async function insertExistingOrders(watch: Pick<PlatformWatch, 'aside'>, count: number): Promise<void> {
  await watch.aside(
    'orders',
    `SET session_replication_role = replica;
     INSERT INTO orders (id, customer_id, status, version, ship_to, reason, deadline_at, created_at, updated_at)
     SELECT ('${PREFIX}' || lpad(to_hex(n), 12, '0'))::uuid, ('019ac000-0000-7000-8000-' || lpad(to_hex(n % ${CUSTOMERS}), 12, '0'))::uuid,
            'REJECTED', 2, '{"name":"Ada Lovelace","street":"Unter den Linden 1","city":"Berlin","postcode":"10117","country":"DE"}',
            'there was not the stock for it', now(), now(), now()
       FROM generate_series(1, ${count}) n;
     ANALYZE orders`,
  );
}

export function withoutExisting(orders: readonly OrderState[]): OrderState[] {
  return orders.filter(({ id }) => !id.startsWith(PREFIX));
}
