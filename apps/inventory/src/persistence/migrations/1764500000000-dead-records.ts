import { deadRecordTables } from '@waybill/inbox';
import type { MigrationInterface, QueryRunner } from 'typeorm';

/** Dead records are removed when they are old. */
export class DeadRecords1764500000000 implements MigrationInterface {
  async up(runner: QueryRunner): Promise<void> {
    for (const statement of deadRecordTables) {
      await runner.query(statement);
    }
  }

  /** Forward only, like the others. */
  async down(): Promise<void> {
    throw new Error('DeadRecords has no way back: write a migration that goes forward');
  }
}
