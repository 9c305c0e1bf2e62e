import type { Migration, MigrationClass, MigrationPhase } from '../migration.js';

/** A migration as the runner sees it: made once, with what its class and its name say. */
export interface KnownMigration {
  readonly name: string;
  /** The moment of its making, in milliseconds: the last 13 digits of its name. */
  readonly timestamp: number;
  readonly phase: MigrationPhase;
  readonly migration: Migration;
}

/** The migrations of a build, oldest first. @throws TypeError for a list that cannot be run in an order */
export function knownMigrations(classes: readonly MigrationClass[]): readonly KnownMigration[] {
  const known = classes.map(readOne).sort((one, other) => one.timestamp - other.timestamp);
  for (const [index, each] of known.entries()) {
    const before = known[index - 1];
    if (before !== undefined && before.timestamp === each.timestamp) {
      throw new TypeError(`${before.name} and ${each.name} are of the same moment, so their order is unknown: rename one.`);
    }
  }
  return known;
}

function readOne(Class: MigrationClass): KnownMigration {
  const migration = new Class();
  const name = migration.name ?? Class.name;
  const [, digits] = /(\d{13})$/.exec(name) ?? [];
  if (digits === undefined) {
    throw new TypeError(`A migration's name should end in the moment of its making, 13 digits; got ${name}.`);
  }
  const phase = migration.phase ?? 'expand';
  if ((phase === 'backfill') !== (migration.backfill !== undefined)) {
    throw new TypeError(
      `${name} is of the phase ${phase} and has ${migration.backfill === undefined ? 'no' : 'a'} backfill: a backfill needs both, and nothing else has one.`,
    );
  }
  if (phase === 'backfill' && migration.transaction === false) {
    throw new TypeError(`${name} should not set transaction: each batch of a backfill has a transaction of its own.`);
  }
  return { name, timestamp: Number(digits), phase, migration };
}

/** The moment of the newest, 0 for none: what an instance tells the others of the schema that it was built for. */
export function schemaOf(classes: readonly MigrationClass[]): number {
  return knownMigrations(classes).at(-1)?.timestamp ?? 0;
}
