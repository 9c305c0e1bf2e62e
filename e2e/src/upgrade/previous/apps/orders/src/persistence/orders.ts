import { type EntityManager, In, LessThan } from 'typeorm';
import type { Order, OrderStatus } from '../domain/order.js';
import { OrderEntity, OrderLineEntity } from './order.entity.js';

/** The order and its lines in one statement, so that placing an order waits for the database once and not twice. */
export async function insertOrder(manager: EntityManager, order: Order): Promise<void> {
  await manager.query(
    `WITH placed AS (
       INSERT INTO orders (id, customer_id, status, version, ship_to, deadline_at, created_at, updated_at)
       VALUES ($1, $2, $3, $4, $5, $6, $7, $8)
     )
     INSERT INTO order_lines (order_id, line_no, sku, quantity)
     SELECT $1, line.no, line.sku, line.quantity
       FROM unnest($9::text[], $10::integer[]) WITH ORDINALITY AS line (sku, quantity, no)`,
    [
      order.id,
      order.customerId,
      order.status,
      order.version,
      JSON.stringify(order.shipTo),
      order.deadlineAt,
      order.createdAt,
      order.updatedAt,
      order.lines.map(({ sku }) => sku),
      order.lines.map(({ quantity }) => quantity),
    ],
  );
}

/** The order, locked until the end of the transaction: whoever decides on it decides alone. */
export async function lockOrder(manager: EntityManager, id: string): Promise<Order | undefined> {
  const [order] = await manager.query<Order[]>(
    `SELECT o.id, o.customer_id AS "customerId", o.status, o.version, o.ship_to AS "shipTo", o.reason,
            o.shipment_id AS "shipmentId", o.tracking_code AS "trackingCode", o.deadline_at AS "deadlineAt",
            o.created_at AS "createdAt", o.updated_at AS "updatedAt",
            (SELECT json_agg(json_build_object('sku', l.sku, 'quantity', l.quantity) ORDER BY l.line_no)
               FROM order_lines l WHERE l.order_id = o.id) AS lines
       FROM orders o WHERE o.id = $1 FOR UPDATE OF o`,
    [id],
  );
  return order;
}

/** Writes what a step changed; the row was locked by `lockOrder` in the same transaction. */
export async function updateOrder(manager: EntityManager, order: Order): Promise<void> {
  await manager.query(
    `UPDATE orders SET status = $2, version = $3, reason = $4, shipment_id = $5, tracking_code = $6, updated_at = $7
      WHERE id = $1`,
    [order.id, order.status, order.version, order.reason, order.shipmentId, order.trackingCode, order.updatedAt],
  );
}

export async function findOrder(manager: EntityManager, id: string): Promise<Order | undefined> {
  const [order] = await withLines(manager, await manager.findBy(OrderEntity, { id }));
  return order;
}

export interface OrderFilter {
  readonly customerId?: string | undefined;
  readonly status?: OrderStatus | undefined;
  /** Only orders that are older than this one. */
  readonly cursor?: string | undefined;
  readonly limit: number;
}

/** One page, newest first; `more` tells whether another one follows. A page costs the same however deep it lies. */
export async function listOrders(
  manager: EntityManager,
  { customerId, status, cursor, limit }: OrderFilter,
): Promise<{ orders: Order[]; more: boolean }> {
  const found = await manager.find(OrderEntity, {
    where: {
      ...(customerId === undefined ? {} : { customerId }),
      ...(status === undefined ? {} : { status }),
      ...(cursor === undefined ? {} : { id: LessThan(cursor) }),
    },
    order: { id: 'DESC' },
    take: limit + 1,
  });
  return { orders: await withLines(manager, found.slice(0, limit)), more: found.length > limit };
}

async function withLines(manager: EntityManager, orders: readonly OrderEntity[]): Promise<Order[]> {
  if (orders.length === 0) {
    return [];
  }
  const found = await manager.find(OrderLineEntity, {
    where: { orderId: In(orders.map(({ id }) => id)) },
    order: { orderId: 'ASC', lineNo: 'ASC' },
  });
  const lines = new Map(orders.map(({ id }) => [id, [] as OrderLineEntity[]]));
  for (const line of found) {
    lines.get(line.orderId)?.push(line);
  }
  return orders.map((order) => ({ ...order, lines: lines.get(order.id) ?? [] }));
}
