import { describe, expect, it } from 'vitest';
import type { Migration, MigrationPhase } from '../migration.js';
import { knownMigrations, schemaOf } from './known-migrations.js';

function named(name: string, rest: Partial<Migration> = {}): new () => Migration {
  return class implements Migration {
    readonly name = name;

    constructor() {
      Object.assign(this, rest);
    }

    up(): Promise<void> {
      return Promise.resolve();
    }

    down(): Promise<void> {
      return Promise.resolve();
    }
  };
}

const backfill = { table: 'orders', key: 'id', statement: 'UPDATE …' };

describe('the migrations of a build', () => {
  it('are in the order of their making, and expand where they say no phase', () => {
    const known = knownMigrations([named('B1764000000002', { phase: 'contract' }), named('A1764000000001')]);
    expect(known.map(({ name, timestamp, phase }) => ({ name, timestamp, phase }))).toEqual([
      { name: 'A1764000000001', timestamp: 1_764_000_000_001, phase: 'expand' },
      { name: 'B1764000000002', timestamp: 1_764_000_000_002, phase: 'contract' },
    ]);
  });

  it.each<[string, string, (new () => Migration)[]]>([
    ['have a moment in their names', '13 digits; got AddName', [named('AddName')]],
    ['are not of the same moment', 'A1764000000001 and B1764000000001 are of the same moment', [named('A1764000000001'), named('B1764000000001')]],
    ['fill in the phase backfill', 'has a backfill', [named('A1764000000001', { backfill })]],
    ['of the phase backfill fill something', 'has no backfill', [named('A1764000000001', { phase: 'backfill' satisfies MigrationPhase })]],
    ['of the phase backfill are batches', 'should not set transaction', [named('A1764000000001', { phase: 'backfill', backfill, transaction: false })]],
  ])('%s', (_, message, classes) => {
    expect(() => knownMigrations(classes)).toThrow(message);
  });

  it('the newest of them is what an instance tells of its schema', () => {
    expect(schemaOf([named('B1764000000002'), named('A1764000000001')])).toBe(1_764_000_000_002);
    expect(schemaOf([])).toBe(0);
  });
});
