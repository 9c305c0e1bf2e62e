import type { Migration } from '@waybill/database';
import type { QueryRunner } from 'typeorm';

/*
 * The first of five that rename orders.customer_id and make it a text. Why it takes five, and what runs between them:
 * docs/patterns/migrations.md, "A rename, step by step".
 */

/**
 * Whoever writes one of the two columns has written both. A trigger rather than code in both versions: the version before
 * is deployed and does not know of the other column, and what is written by hand is kept equal, too.
 *
 * It fires only where a statement names one of the columns, so the steps of the saga do not pay for it. As long as it is
 * there, a reference has to be a UUID.
 */
export const followingEachOther = [
  `CREATE FUNCTION orders_customer_columns() RETURNS trigger LANGUAGE plpgsql AS $$
   BEGIN
     IF TG_OP = 'INSERT' THEN
       NEW.customer_ref := coalesce(NEW.customer_ref, NEW.customer_id::text);
       NEW.customer_id := coalesce(NEW.customer_id, NEW.customer_ref::uuid);
     ELSIF NEW.customer_id IS DISTINCT FROM OLD.customer_id THEN
       NEW.customer_ref := NEW.customer_id::text;
     ELSIF NEW.customer_ref IS DISTINCT FROM OLD.customer_ref THEN
       NEW.customer_id := NEW.customer_ref::uuid;
     END IF;
     RETURN NEW;
   END $$`,
  `CREATE TRIGGER orders_customer_columns BEFORE INSERT OR UPDATE OF customer_id, customer_ref ON orders
   FOR EACH ROW EXECUTE FUNCTION orders_customer_columns()`,
];

export class CustomerRef1764600000000 implements Migration {
  readonly phase = 'expand';
  readonly maxStallMs = 700;

  async up(runner: QueryRunner): Promise<void> {
    for (const statement of ['ALTER TABLE orders ADD COLUMN customer_ref text', ...followingEachOther]) {
      await runner.query(statement);
    }
  }

  /** What instances of the next version have written is in `customer_id`, too. */
  async down(runner: QueryRunner): Promise<void> {
    const statements = [
      'DROP TRIGGER orders_customer_columns ON orders',
      'DROP FUNCTION orders_customer_columns()',
      'ALTER TABLE orders DROP COLUMN customer_ref',
    ];
    for (const statement of statements) {
      await runner.query(statement);
    }
  }
}
