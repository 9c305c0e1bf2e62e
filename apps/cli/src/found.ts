import type { EntityManager } from 'typeorm';
import { RefusedError } from './command-errors.js';
import type { ServiceDatabase } from './service-database.js';

/** A row, and the database that it stands in. */
export interface Found<T> {
  readonly database: ServiceDatabase;
  readonly item: T;
}

/** Asks one database after another: what is found is in the order of the databases, and in each in that of the query. */
export async function findIn<T>(
  databases: readonly ServiceDatabase[],
  query: (manager: EntityManager, database: ServiceDatabase) => Promise<readonly T[]>,
): Promise<Found<T>[]> {
  const found: Found<T>[] = [];
  for (const database of databases) {
    const items = await database.transaction((manager) => query(manager, database));
    found.push(...items.map((item) => ({ database, item })));
  }
  return found;
}

export function newestFirst<T>(found: readonly Found<T>[], at: (item: T) => Date): Found<T>[] {
  return [...found].sort((one, other) => at(other.item).getTime() - at(one.item).getTime());
}

export function oldestFirst<T>(found: readonly Found<T>[], at: (item: T) => Date): Found<T>[] {
  return [...found].sort((one, other) => at(one.item).getTime() - at(other.item).getTime());
}

/** The one that an id names; one event may be dead for two consumers. @throws RefusedError where it is not one */
export function theOne<T>(found: readonly Found<T>[], what: string): Found<T> {
  const [first, ...others] = found;
  if (first === undefined) {
    throw new RefusedError(`There is no ${what}.`);
  }
  if (others.length > 0) {
    const names = found.map(({ database }) => database.service).join(' and ');
    throw new RefusedError(`There is more than one ${what}, with ${names}. Say which with --service.`);
  }
  return first;
}
