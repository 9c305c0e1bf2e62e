import { outboxArchiveTables } from '@waybill/outbox';
import type { MigrationInterface, QueryRunner } from 'typeorm';

export class OutboxArchive1764200000000 implements MigrationInterface {
  async up(runner: QueryRunner): Promise<void> {
    for (const statement of outboxArchiveTables) {
      await runner.query(statement);
    }
  }

  /** Forward only: the archive may hold what a lost topic is filled from. */
  async down(): Promise<void> {
    throw new Error('OutboxArchive has no way back: restore a backup, or write a migration that goes forward');
  }
}
