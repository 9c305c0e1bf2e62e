import type { Backfill, Migration } from '@waybill/database';

/** The rows that are older than the trigger. */
export class FillCustomerRef1764610000000 implements Migration {
  readonly phase = 'backfill';
  readonly maxStallMs = 500;
  readonly backfill: Backfill = {
    table: 'orders',
    key: 'id',
    // A row that has its reference is left alone: nothing is written twice, by whichever run.
    statement: `UPDATE orders SET customer_ref = customer_id::text WHERE id = ANY ($1::uuid[]) AND customer_ref IS NULL`,
  };

  /** The batches have done it. */
  async up(): Promise<void> {}

  /** Nothing to take back: what was filled says what `customer_id` says, and the trigger keeps it so. */
  async down(): Promise<void> {}
}
