import type { Migration } from '@waybill/database';
import type { QueryRunner } from 'typeorm';
import { describe, expect, it } from 'vitest';
import { recordMigration } from './record-migration.js';

class Rename1764600000000 implements Migration {
  readonly phase = 'expand';
  readonly transaction = false;
  readonly lockTimeoutMs = 700;

  async up(runner: QueryRunner): Promise<void> {
    await runner.query('SELECT 1');
    await runner.manager.query('SELECT 2');
  }

  async down(): Promise<void> {
    throw new Error('no way back');
  }
}

describe('recordMigration', () => {
  it('writes down what up sends, through the runner or its manager, and what the class declares', async () => {
    expect(await recordMigration(Rename1764600000000)).toEqual({
      name: 'Rename1764600000000',
      phase: 'expand',
      transaction: false,
      queries: [
        { sql: 'SELECT 1', from: 'up' },
        { sql: 'SELECT 2', from: 'up' },
      ],
      ignores: [],
      migration: {
        timestamp: 1764600000000,
        lockTimeoutMs: 700,
        statementTimeoutMs: undefined,
        backfill: undefined,
        declaresPhase: true,
        wayBack: false,
        unjudged: [],
      },
    });
  });
});
