import { inboxTables } from '@waybill/inbox';
import { outboxTables } from '@waybill/outbox';
import type { MigrationInterface, QueryRunner } from 'typeorm';

const tables = [
  `CREATE TABLE orders (
    id            uuid PRIMARY KEY,
    customer_id   uuid NOT NULL,
    status        text NOT NULL CHECK (status IN ('PLACED', 'CONFIRMED', 'SHIPPED', 'REJECTED', 'CANCELLING', 'CANCELLED')),
    version       integer NOT NULL CHECK (version > 0),
    ship_to       json NOT NULL,
    reason        text,
    shipment_id   uuid,
    tracking_code text,
    deadline_at   timestamptz NOT NULL,
    created_at    timestamptz NOT NULL,
    updated_at    timestamptz NOT NULL,
    CHECK (status <> 'SHIPPED' OR (shipment_id IS NOT NULL AND tracking_code IS NOT NULL)),
    CHECK (status NOT IN ('REJECTED', 'CANCELLING', 'CANCELLED') OR reason IS NOT NULL)
  )`,
  // A customer's orders, page by page, newest first.
  `CREATE INDEX orders_customer ON orders (customer_id, id)`,
  // The orders in one state, page by page; without it a rare state is searched for in all of history.
  `CREATE INDEX orders_status ON orders (status, id)`,
  `CREATE TABLE order_lines (
    order_id uuid NOT NULL REFERENCES orders (id),
    line_no  integer NOT NULL,
    sku      text NOT NULL,
    quantity integer NOT NULL CHECK (quantity > 0),
    PRIMARY KEY (order_id, line_no)
  )`,
  `CREATE TABLE idempotency_keys (
    caller     text NOT NULL,
    route      text NOT NULL,
    key        text NOT NULL,
    body_hash  bytea NOT NULL,
    answer     json NOT NULL,
    created_at timestamptz NOT NULL,
    PRIMARY KEY (caller, route, key)
  )`,
  // What is too old, oldest first.
  `CREATE INDEX idempotency_keys_created_at ON idempotency_keys (created_at)`,
];

export class CreateOrders1764000000000 implements MigrationInterface {
  async up(runner: QueryRunner): Promise<void> {
    for (const statement of [...tables, ...outboxTables, ...inboxTables]) {
      await runner.query(statement);
    }
  }

  /** Forward only: a table that holds orders is not dropped by a tool. */
  async down(): Promise<void> {
    throw new Error('CreateOrders has no way back: restore a backup, or write a migration that goes forward');
  }
}
