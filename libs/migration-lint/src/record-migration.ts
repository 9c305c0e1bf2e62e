import type { MigrationClass } from '@waybill/database';
import type { QueryRunner } from 'typeorm';
import type { MigrationFacts, Query, Script } from './script.js';

/** Runs `up` and `down` against a runner that only writes down what it is asked: no database is needed, nothing happens. */
export async function recordMigration(type: MigrationClass): Promise<Script> {
  const migration = new type();
  const up = await recording((runner) => migration.up(runner));
  const down = await recording((runner) => migration.down(runner));
  const facts: MigrationFacts = {
    timestamp: timestampOf(type),
    lockTimeoutMs: migration.lockTimeoutMs,
    statementTimeoutMs: migration.statementTimeoutMs,
    backfill: migration.backfill,
    declaresPhase: migration.phase !== undefined,
    wayBack: down.thrown === undefined,
    unjudged: [...up.unjudged, ...(up.thrown === undefined ? [] : [`up threw when it was recorded: ${messageOf(up.thrown)}`])],
  };
  return {
    name: migration.name ?? type.name,
    phase: migration.phase ?? 'expand',
    transaction: migration.transaction ?? true,
    queries: [
      ...up.queries,
      ...(migration.backfill === undefined ? [] : [{ sql: migration.backfill.statement, from: 'backfill' as const }]),
    ],
    ignores: migration.lintIgnores ?? [],
    migration: facts,
  };
}

/** TypeORM's convention: the class's name ends in it. */
export function timestampOf(type: MigrationClass): number {
  return Number(/\d{13}$/.exec(type.name)?.[0] ?? Number.NaN);
}

interface Recording {
  readonly queries: readonly Query[];
  readonly unjudged: readonly string[];
  readonly thrown: unknown;
}

async function recording(run: (runner: QueryRunner) => Promise<unknown>): Promise<Recording> {
  const queries: Query[] = [];
  const unjudged = new Set<string>();
  const query = (sql: unknown): Promise<unknown> => {
    queries.push({ sql: String(sql), from: 'up' });
    return Promise.resolve(watchedRows(() => unjudged.add('up reads the answer of a query: what it sends then depends on the data')));
  };
  const runner = strict({ query, manager: strict({ query }, 'manager.', unjudged) }, '', unjudged);
  try {
    await run(runner as unknown as QueryRunner);
    return { queries, unjudged: [...unjudged], thrown: undefined };
  } catch (error) {
    return { queries, unjudged: [...unjudged], thrown: error };
  }
}

/** An object with these members and no others: whatever else is called sends SQL that is not seen here. */
function strict(members: object, path: string, unjudged: Set<string>): object {
  return new Proxy(members, {
    get: (target, key) => {
      if (typeof key === 'symbol' || key in target) {
        return Reflect.get(target, key) as unknown;
      }
      return () => {
        unjudged.add(`up calls ${path}${key}(), whose SQL is not known before it runs: write it as query('...')`);
        return Promise.resolve(undefined);
      };
    },
  });
}

/** No rows; but it is noticed when they are looked at. `await` itself looks for a `then`. */
function watchedRows(looked: () => void): readonly unknown[] {
  return new Proxy([], {
    get: (target, key) => {
      if (key !== 'then') {
        looked();
      }
      return Reflect.get(target, key) as unknown;
    },
  });
}

function messageOf(thrown: unknown): string {
  return thrown instanceof Error ? thrown.message : String(thrown);
}
