import type { QueryRunner } from 'typeorm';
import type { Migration } from '../migration.js';

/**
 * What `up` would run, without a database; undefined where it cannot be told, because `up` asks the database first or uses
 * TypeORM's table builder instead of SQL.
 */
export async function statementsOf(migration: Migration): Promise<readonly string[] | undefined> {
  const statements: string[] = [];
  const recorder = new Proxy({} as QueryRunner, {
    get: (_, property) => {
      if (property === 'query') {
        return (statement: string) => {
          statements.push(statement);
          return Promise.resolve([]);
        };
      }
      throw new NotPlainSql();
    },
  });
  try {
    await migration.up(recorder);
    return statements;
  } catch {
    return undefined;
  }
}

class NotPlainSql extends Error {}
