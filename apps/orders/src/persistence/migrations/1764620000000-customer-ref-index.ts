import type { Migration } from '@waybill/database';
import type { QueryRunner } from 'typeorm';

/** A customer's orders, page by page, newest first: what `orders_customer` is for the column of before. */
export class CustomerRefIndex1764620000000 implements Migration {
  readonly phase = 'expand';
  readonly transaction = false;
  readonly statementTimeoutMs = 60 * 60_000;
  readonly maxStallMs = 500;

  async up(runner: QueryRunner): Promise<void> {
    await runner.query('CREATE INDEX CONCURRENTLY IF NOT EXISTS orders_customer_ref ON orders (customer_ref, id)');
  }

  async down(runner: QueryRunner): Promise<void> {
    await runner.query('DROP INDEX CONCURRENTLY IF EXISTS orders_customer_ref');
  }
}
