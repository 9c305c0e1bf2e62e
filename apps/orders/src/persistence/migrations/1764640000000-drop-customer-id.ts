import type { Migration } from '@waybill/database';
import type { QueryRunner } from 'typeorm';
import { followingEachOther } from './1764600000000-customer-ref.js';

/** The end of the rename: from here on a customer's reference may be any text. */
export class DropCustomerId1764640000000 implements Migration {
  readonly phase = 'contract';
  readonly maxStallMs = 700;

  async up(runner: QueryRunner): Promise<void> {
    const statements = [
      'DROP TRIGGER orders_customer_columns ON orders',
      'DROP FUNCTION orders_customer_columns()',
      // Its index, orders_customer, goes with it.
      'ALTER TABLE orders DROP COLUMN customer_id',
    ];
    for (const statement of statements) {
      await runner.query(statement);
    }
  }

  /**
   * As far as one step goes: the column and the trigger are there again, so what is written from now on has both. The
   * version before may not run yet. The column's comment says what has to follow, in batches and by hand, and it fails
   * where a reference that is no UUID was accepted meanwhile: then there is no way back.
   */
  async down(runner: QueryRunner): Promise<void> {
    const statements = [
      'ALTER TABLE orders ADD COLUMN customer_id uuid',
      ...followingEachOther,
      `COMMENT ON COLUMN orders.customer_id IS 'Put back by the way back of DropCustomerId1764640000000. Before the version that reads it runs: in batches,
UPDATE orders SET customer_id = customer_ref::uuid WHERE customer_id IS NULL; then
CREATE INDEX CONCURRENTLY IF NOT EXISTS orders_customer ON orders (customer_id, id); then NOT NULL by way of a CHECK that is NOT VALID first.'`,
    ];
    for (const statement of statements) {
      await runner.query(statement);
    }
  }
}
