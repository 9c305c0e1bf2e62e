import { replayTables } from '@waybill/inbox';
import type { MigrationInterface, QueryRunner } from 'typeorm';

/** Requests for replays can be refused. */
export class Replay1764400000000 implements MigrationInterface {
  async up(runner: QueryRunner): Promise<void> {
    for (const statement of replayTables) {
      await runner.query(statement);
    }
  }

  /** Forward only, like the others. */
  async down(): Promise<void> {
    throw new Error('Replay has no way back: restore a backup, or write a migration that goes forward');
  }
}
