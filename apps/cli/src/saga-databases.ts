import { type Service, services } from '@waybill/contracts';
import pg from 'pg';
import { mergedByOrder } from './merged-by-order.js';
import type { OrderRow, ReservationRow, SagaView, ShipmentRow } from './saga-mismatch.js';

/** An event about an order that waits for an operator. */
export interface StoppedEvent {
  readonly kind: 'dead-event' | 'held-event';
  readonly orderId: string;
  readonly detail: string;
}

export interface ReservedSum {
  readonly sku: string;
  readonly reserved: number;
  readonly held: number;
}

const CONNECT_TIMEOUT_MS = 5_000;
/** Whole tables are read, page by page; one statement sums up what is reserved. */
const STATEMENT_TIMEOUT_MS = 60_000;
const PAGE = 5_000;

const ORDER = `id AS "orderId", status, version, shipment_id AS "shipmentId", tracking_code AS "trackingCode",
  (extract(epoch FROM clock_timestamp() - created_at) * 1000)::float8 AS "ageMs"`;
const RESERVATION = `order_id AS "orderId", status, version`;
const SHIPMENT = `order_id AS "orderId", id, status, version, tracking_code AS "trackingCode"`;

/** The databases of the three services, each asked with the service's own login, and only asked. */
export class SagaDatabases {
  private constructor(private readonly clients: Readonly<Record<Service, pg.Client>>) {}

  static async open(urls: Readonly<Record<Service, string>>): Promise<SagaDatabases> {
    const clients = Object.fromEntries(
      services.map((service) => [service, createClient(urls[service])]),
    ) as Record<Service, pg.Client>;
    const databases = new SagaDatabases(clients);
    try {
      await Promise.all(services.map((service) => clients[service].connect()));
    } catch (error) {
      await databases.close();
      throw error;
    }
    return databases;
  }

  async close(): Promise<void> {
    await Promise.allSettled(services.map((service) => this.clients[service].end()));
  }

  /** Every order that any of the three knows. Each database is read at its own moment. */
  everything(): AsyncGenerator<SagaView> {
    return mergedByOrder({
      orders: pages<OrderRow>(this.clients.orders, ORDER, 'orders', 'id'),
      reservations: pages<ReservationRow>(this.clients.inventory, RESERVATION, 'reservations', 'order_id'),
      shipments: pages<ShipmentRow>(this.clients.shipping, SHIPMENT, 'shipments', 'order_id'),
    });
  }

  /** These orders as they are now. */
  async look(orderIds: readonly string[]): Promise<SagaView[]> {
    const [orders, reservations, shipments] = await Promise.all([
      some<OrderRow>(this.clients.orders, ORDER, 'orders', 'id', orderIds),
      some<ReservationRow>(this.clients.inventory, RESERVATION, 'reservations', 'order_id', orderIds),
      some<ShipmentRow>(this.clients.shipping, SHIPMENT, 'shipments', 'order_id', orderIds),
    ]);
    return orderIds.map((orderId) => ({
      orderId,
      order: orders.get(orderId),
      reservation: reservations.get(orderId),
      shipment: shipments.get(orderId),
    }));
  }

  /** Those of these orders about which an event waits in an outbox, or parked, and will move without an operator. */
  async waiting(orderIds: readonly string[]): Promise<Set<string>> {
    const waiting = new Set<string>();
    for (const service of services) {
      const { rows } = await this.clients[service].query<{ orderId: string }>(
        `SELECT DISTINCT o.partitionkey AS "orderId" FROM outbox o
          WHERE NOT o.held AND o.partitionkey = ANY ($1)
            AND NOT EXISTS (SELECT 1 FROM outbox h WHERE h.held AND h.aggregatetype = o.aggregatetype
                               AND h.aggregateid = o.aggregateid AND h.version < o.version)`,
        [orderIds],
      );
      if (await this.hasTable(service, 'parked')) {
        const parked = await this.clients[service].query<{ orderId: string }>(
          `SELECT p.key AS "orderId" FROM parked p WHERE p.key = ANY ($1)
            GROUP BY p.consumer, p.topic, p.key HAVING bool_and(p.state = 'waiting')`,
          [orderIds],
        );
        rows.push(...parked.rows);
      }
      for (const { orderId } of rows) {
        waiting.add(orderId);
      }
    }
    return waiting;
  }

  /** Events that nobody carries on with before an operator has decided on them. */
  async stopped(limit: number): Promise<StoppedEvent[]> {
    const stopped: StoppedEvent[] = [];
    for (const service of services) {
      const held = await this.clients[service].query<{ orderId: string; type: string; error: string | null }>(
        `SELECT partitionkey AS "orderId", type, error FROM outbox WHERE held ORDER BY seq LIMIT $1`,
        [limit],
      );
      stopped.push(
        ...held.rows.map(({ orderId, type, error }) => ({
          kind: 'held-event' as const,
          orderId,
          detail: `${type} in the outbox of ${service}: ${error ?? 'the broker refuses it'}`,
        })),
      );
      if (await this.hasTable(service, 'parked')) {
        const dead = await this.clients[service].query<{ orderId: string; type: string; consumer: string; error: string | null }>(
          `SELECT key AS "orderId", type, consumer, error FROM parked WHERE state = 'dead' ORDER BY key LIMIT $1`,
          [limit],
        );
        stopped.push(
          ...dead.rows.map(({ orderId, type, consumer, error }) => ({
            kind: 'dead-event' as const,
            orderId,
            detail: `${type} at ${consumer}: ${error ?? 'no error was kept'}`,
          })),
        );
      }
    }
    return stopped;
  }

  /** SKUs whose reserved pieces are not those that reservations hold; one statement, and so one moment. */
  async reservedSums(): Promise<ReservedSum[]> {
    const { rows } = await this.clients.inventory.query<ReservedSum>(
      `SELECT coalesce(s.sku, h.sku) AS sku, coalesce(s.reserved, 0) AS reserved, coalesce(h.held, 0)::float8 AS held
         FROM stock s
         FULL JOIN (SELECT line ->> 'sku' AS sku, sum((line ->> 'quantity')::integer) AS held
                      FROM reservations, json_array_elements(lines) AS line
                     WHERE status = 'RESERVED' GROUP BY 1) h ON h.sku = s.sku
        WHERE coalesce(s.reserved, 0) <> coalesce(h.held, 0)
        ORDER BY 1`,
    );
    return rows;
  }

  /** Labels that several shipments name. */
  async sharedLabels(): Promise<{ labelId: string; orderIds: string[] }[]> {
    const { rows } = await this.clients.shipping.query<{ labelId: string; orderIds: string[] }>(
      `SELECT label_id AS "labelId", array_agg(order_id::text ORDER BY order_id) AS "orderIds" FROM shipments
        WHERE label_id IS NOT NULL GROUP BY label_id HAVING count(*) > 1 ORDER BY 1`,
    );
    return rows;
  }

  /** A service that has not been upgraded yet has no such table. */
  private async hasTable(service: Service, table: string): Promise<boolean> {
    const { rows } = await this.clients[service].query<{ there: boolean }>(
      'SELECT to_regclass($1) IS NOT NULL AS there',
      [table],
    );
    return rows[0]?.there === true;
  }
}

function createClient(url: string): pg.Client {
  const client = new pg.Client({
    connectionString: url,
    connectionTimeoutMillis: CONNECT_TIMEOUT_MS,
    statement_timeout: STATEMENT_TIMEOUT_MS,
    application_name: 'waybill-cli',
    // Whatever a mistake here might be, it changes nothing.
    options: '-c default_transaction_read_only=on',
  });
  client.on('error', () => undefined);
  return client;
}

async function* pages<Row extends { readonly orderId: string }>(
  client: pg.Client,
  columns: string,
  table: string,
  key: string,
): AsyncGenerator<Row> {
  let after = '00000000-0000-0000-0000-000000000000';
  for (;;) {
    const { rows } = await client.query<Row>(
      `SELECT ${columns} FROM ${table} WHERE ${key} > $1 ORDER BY ${key} LIMIT ${PAGE}`,
      [after],
    );
    yield* rows;
    const last = rows.at(-1);
    if (last === undefined || rows.length < PAGE) {
      return;
    }
    after = last.orderId;
  }
}

async function some<Row extends { readonly orderId: string }>(
  client: pg.Client,
  columns: string,
  table: string,
  key: string,
  orderIds: readonly string[],
): Promise<Map<string, Row>> {
  const { rows } = await client.query<Row>(`SELECT ${columns} FROM ${table} WHERE ${key} = ANY ($1::uuid[])`, [orderIds]);
  return new Map(rows.map((row) => [row.orderId, row]));
}
