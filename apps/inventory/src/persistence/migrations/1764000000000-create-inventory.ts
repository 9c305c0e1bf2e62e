import { inboxTables } from '@waybill/inbox';
import { outboxTables } from '@waybill/outbox';
import type { MigrationInterface, QueryRunner } from 'typeorm';

const tables = [
  // "C": SKUs are plain ASCII; locks and pages then have one order, whatever the database's locale is.
  // Half-empty pages: a popular SKU is updated hundreds of times a second, and each new version finds room beside the old.
  `CREATE TABLE stock (
    sku        text COLLATE "C" PRIMARY KEY,
    on_hand    integer NOT NULL,
    reserved   integer NOT NULL,
    updated_at timestamptz NOT NULL,
    CONSTRAINT stock_conserved CHECK (reserved BETWEEN 0 AND on_hand)
  ) WITH (fillfactor = 50)`,
  `CREATE TABLE reservations (
    order_id   uuid PRIMARY KEY,
    status     text NOT NULL CHECK (status IN ('RESERVED', 'REJECTED', 'RELEASED', 'SHIPPED')),
    version    integer NOT NULL CHECK (version >= 0),
    lines      json NOT NULL,
    created_at timestamptz NOT NULL,
    updated_at timestamptz NOT NULL
  ) WITH (fillfactor = 85)`,
];

export class CreateInventory1764000000000 implements MigrationInterface {
  async up(runner: QueryRunner): Promise<void> {
    for (const statement of [...tables, ...outboxTables, ...inboxTables]) {
      await runner.query(statement);
    }
  }

  /** Forward only: a table that holds stock is not dropped by a tool. */
  async down(): Promise<void> {
    throw new Error('CreateInventory has no way back: restore a backup, or write a migration that goes forward');
  }
}
