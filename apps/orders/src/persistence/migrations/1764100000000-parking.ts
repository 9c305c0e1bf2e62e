import { parkingTables } from '@waybill/inbox';
import type { MigrationInterface, QueryRunner } from 'typeorm';

/** Where events wait that could not be handled, and what operators did about them. */
export class Parking1764100000000 implements MigrationInterface {
  async up(runner: QueryRunner): Promise<void> {
    for (const statement of parkingTables) {
      await runner.query(statement);
    }
  }

  /** Forward only: what is parked is not finished. */
  async down(): Promise<void> {
    throw new Error('Parking has no way back: restore a backup, or write a migration that goes forward');
  }
}
