import type { OrderLine } from '@waybill/contracts';
import { type EntityManager, MoreThan } from 'typeorm';
import type { Stock } from '../domain/stock.js';
import { StockEntity } from './stock.entity.js';

/** The stock of these SKUs, locked in the order of the SKUs: two orders that share SKUs queue, and never deadlock. */
export async function lockStock(manager: EntityManager, skus: readonly string[]): Promise<Stock[]> {
  return manager.query<Stock[]>(
    'SELECT sku, on_hand AS "onHand", reserved FROM stock WHERE sku = ANY($1) ORDER BY sku FOR UPDATE',
    [skus],
  );
}

/**
 * Locks the stock of these SKUs and of what these orders have reserved, in the order of the SKUs.
 *
 * A reservation that another transaction makes meanwhile is not seen; then its stock is locked by whoever moves it.
 */
export async function lockStockOfOrders(
  manager: EntityManager,
  { skus, orderIds }: { readonly skus: readonly string[]; readonly orderIds: readonly string[] },
): Promise<void> {
  await manager.query(
    `SELECT FROM stock
      WHERE sku = ANY(ARRAY(SELECT unnest($1::text[])
                            UNION SELECT line.sku FROM reservations r, json_to_recordset(r.lines) AS line (sku text)
                                   WHERE r.order_id = ANY($2::uuid[])))
      ORDER BY sku FOR UPDATE`,
    [skus, orderIds],
  );
}

/** How the stock of each line changes: times its quantity. */
export interface StockMovement {
  readonly onHand: 0 | -1;
  readonly reserved: 1 | -1;
}

/** Moves the stock of all lines in one statement, with the rows locked in the order of the SKUs first. */
export async function moveStock(
  manager: EntityManager,
  demand: readonly OrderLine[],
  movement: StockMovement,
): Promise<void> {
  await manager.query(
    `WITH locked AS MATERIALIZED (SELECT sku FROM stock WHERE sku = ANY($1) ORDER BY sku FOR UPDATE)
     UPDATE stock
        SET on_hand = on_hand + $3 * line.quantity, reserved = reserved + $4 * line.quantity, updated_at = now()
       FROM unnest($1::text[], $2::integer[]) AS line (sku, quantity) JOIN locked ON locked.sku = line.sku
      WHERE stock.sku = line.sku`,
    [
      demand.map(({ sku }) => sku),
      demand.map(({ quantity }) => quantity),
      movement.onHand,
      movement.reserved,
    ],
  );
}

/**
 * Sets what is on hand; answers undefined, and changes nothing, where more than that is promised to orders.
 *
 * The condition stands in the statement because the row may not exist, and then there is nothing that could be locked.
 */
export async function setOnHand(manager: EntityManager, sku: string, onHand: number): Promise<Stock | undefined> {
  const [stock] = await manager.query<Stock[]>(
    `INSERT INTO stock (sku, on_hand, reserved, updated_at) VALUES ($1, $2, 0, now())
     ON CONFLICT (sku) DO UPDATE SET on_hand = excluded.on_hand, updated_at = now()
      WHERE stock.reserved <= excluded.on_hand
     RETURNING sku, on_hand AS "onHand", reserved`,
    [sku, onHand],
  );
  return stock;
}

export async function findStock(manager: EntityManager, sku: string): Promise<Stock | undefined> {
  return (await manager.findOneBy(StockEntity, { sku })) ?? undefined;
}

/** One page in the order of the SKUs, those after `cursor`; `more` tells whether another one follows. */
export async function listStock(
  manager: EntityManager,
  { cursor, limit }: { readonly cursor?: string | undefined; readonly limit: number },
): Promise<{ stock: Stock[]; more: boolean }> {
  const found = await manager.find(StockEntity, {
    ...(cursor === undefined ? {} : { where: { sku: MoreThan(cursor) } }),
    order: { sku: 'ASC' },
    take: limit + 1,
  });
  return { stock: found.slice(0, limit), more: found.length > limit };
}
