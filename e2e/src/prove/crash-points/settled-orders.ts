import { services } from '@waybill/contracts';
import type { PlatformWatch } from '../platform-watch.js';
import type { PlacedOrder } from './traffic.js';

/** Which of these orders have neither come to their end nor stand still for a person, because an event of theirs is dead. */
export async function unsettled(watch: PlatformWatch, orders: readonly PlacedOrder[]): Promise<readonly PlacedOrder[]> {
  const ids = orders.map(({ id }) => id);
  const open = await watch.query<{ id: string }>(
    'orders',
    `SELECT id FROM orders WHERE id = ANY ($1) AND status NOT IN ('SHIPPED', 'REJECTED', 'CANCELLED')`,
    [ids],
  );
  const dead = await Promise.all(
    services.map((service) =>
      watch.query<{ key: string }>(service, `SELECT key FROM parked_keys WHERE state = 'dead' AND key = ANY ($1)`, [ids]),
    ),
  );
  const excused = new Set(dead.flat().map(({ key }) => key));
  const waiting = new Set(open.map(({ id }) => id).filter((id) => !excused.has(id)));
  return orders.filter(({ id }) => waiting.has(id));
}
