import type { MigrationInterface, QueryRunner } from 'typeorm';

const statements = [
  // What the timer asks for, once a second: the orders that a deadline can still move, the most overdue first. Orders at
  // their end are not in it, nor those that are being cancelled already: they would be asked about again and again.
  `CREATE INDEX orders_deadline ON orders (deadline_at) WHERE status IN ('PLACED', 'CONFIRMED')`,
];

export class IndexDeadlines1764300000000 implements MigrationInterface {
  async up(runner: QueryRunner): Promise<void> {
    for (const statement of statements) {
      await runner.query(statement);
    }
  }

  /** Forward only, as the migrations before it; an index too many hurts nobody. */
  async down(): Promise<void> {
    throw new Error('IndexDeadlines has no way back: write a migration that goes forward');
  }
}
