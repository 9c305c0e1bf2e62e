import type { Migration } from '@waybill/database';
import type { QueryRunner } from 'typeorm';

/**
 * NOT NULL without a scan under a lock: SET NOT NULL believes a constraint that has been validated, and VALIDATE lets
 * everybody write meanwhile (https://www.postgresql.org/docs/current/sql-altertable.html).
 *
 * Each statement by itself, or the lock of the first would be held through the scan of the third. Run again after a
 * failure it begins again.
 */
export class CustomerRefRequired1764630000000 implements Migration {
  readonly phase = 'expand';
  readonly transaction = false;
  readonly statementTimeoutMs = 60 * 60_000;
  readonly maxStallMs = 700;

  async up(runner: QueryRunner): Promise<void> {
    const statements = [
      'ALTER TABLE orders DROP CONSTRAINT IF EXISTS orders_customer_ref_there',
      'ALTER TABLE orders ADD CONSTRAINT orders_customer_ref_there CHECK (customer_ref IS NOT NULL) NOT VALID',
      'ALTER TABLE orders VALIDATE CONSTRAINT orders_customer_ref_there',
      'ALTER TABLE orders ALTER COLUMN customer_ref SET NOT NULL',
      'ALTER TABLE orders DROP CONSTRAINT orders_customer_ref_there',
    ];
    for (const statement of statements) {
      await runner.query(statement);
    }
  }

  async down(runner: QueryRunner): Promise<void> {
    await runner.query('ALTER TABLE orders ALTER COLUMN customer_ref DROP NOT NULL');
  }
}
