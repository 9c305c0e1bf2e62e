import { ConfigError, parseDatabase } from '@waybill/config';
import { type Service, services } from '@waybill/contracts';
import { createDataSource, isDatabaseUnavailable, sqlStateOf, transaction } from '@waybill/database';
import type { DataSource, EntityManager } from 'typeorm';
import { RefusedError, UnavailableError } from './command-errors.js';
import { type Installation, variableOf } from './installation.js';

/** One service's database, as an operator works in it. */
export interface ServiceDatabase {
  readonly service: Service;
  /** `host:port/database`, without the login. */
  readonly place: string;
  /** Runs one transaction, again from the start after a serialization failure; see `transaction` of @waybill/database. */
  transaction<T>(run: (manager: EntityManager) => Promise<T>): Promise<T>;
}

/** SQLSTATE undefined_table, undefined_column. */
const OLDER_SCHEMA = ['42P01', '42703'];

/**
 * Opens the chosen service's database, or those of all services that the installation names; closes them when the work
 * has ended.
 *
 * @throws ConfigError when the installation does not name the chosen one
 * @throws UnavailableError when one cannot be reached
 */
export async function withDatabases<T>(
  installation: Installation,
  chosen: Service | undefined,
  work: (databases: readonly ServiceDatabase[]) => Promise<T>,
): Promise<T> {
  const wanted = chosen === undefined ? services.filter((each) => installation.databases[each] !== undefined) : [chosen];
  const opened: OpenDatabase[] = [];
  try {
    for (const service of wanted) {
      opened.push(await OpenDatabase.open(service, installation));
    }
    return await work(opened);
  } finally {
    await Promise.all(opened.map((database) => database.close()));
  }
}

/** The same for one. */
export async function withDatabase<T>(
  installation: Installation,
  service: Service,
  work: (database: ServiceDatabase) => Promise<T>,
): Promise<T> {
  const database = await OpenDatabase.open(service, installation);
  try {
    return await work(database);
  } finally {
    await database.close();
  }
}

/** Says before a change where it is made, so that nobody takes production for the laptop. */
export function tellTarget(
  action: string,
  databases: readonly Pick<ServiceDatabase, 'service' | 'place'>[],
  say: (line: string) => void,
): void {
  const targets = new Set(databases.map(({ service, place }) => `${service} at ${place}`));
  if (targets.size > 0) {
    say(`  ${action} in ${[...targets].join(', ')}`);
  }
}

class OpenDatabase implements ServiceDatabase {
  private constructor(
    readonly service: Service,
    readonly place: string,
    private readonly dataSource: DataSource,
  ) {}

  static async open(service: Service, { databases }: Installation): Promise<OpenDatabase> {
    const url = databases[service];
    if (url === undefined) {
      throw new ConfigError([{ name: variableOf(service), message: `should be set: nothing else says where the database of ${service} is.` }]);
    }
    const { connection, problems } = parseDatabase(variableOf(service), url);
    if (problems.length > 0) {
      throw new ConfigError(problems);
    }
    const { host, pathname } = new URL(url);
    const place = `${host}${pathname}`;
    const dataSource = createDataSource({ ...connection, applicationName: 'waybill-cli', poolMax: 2 });
    try {
      await dataSource.initialize();
    } catch (cause) {
      throw new UnavailableError(`The database of ${service} at ${place} cannot be reached: ${reasonOf(cause)}`, { cause });
    }
    return new OpenDatabase(service, place, dataSource);
  }

  async transaction<T>(run: (manager: EntityManager) => Promise<T>): Promise<T> {
    try {
      return await transaction(this.dataSource, run);
    } catch (cause) {
      if (OLDER_SCHEMA.includes(sqlStateOf(cause) ?? '')) {
        throw new RefusedError(
          `The database of ${this.service} at ${this.place} is of an older version (${reasonOf(cause)}). Migrate it: node apps/${this.service}/dist/migrate.js`,
          { cause },
        );
      }
      if (isDatabaseUnavailable(cause)) {
        throw new UnavailableError(`The database of ${this.service} at ${this.place} does not answer: ${reasonOf(cause)}`, { cause });
      }
      throw cause;
    }
  }

  async close(): Promise<void> {
    await this.dataSource.destroy();
  }
}

/** The words of an error; an AggregateError of Node's has none of its own. */
function reasonOf(error: unknown): string {
  const { message, code, errors } = error as { message?: string; code?: string; errors?: readonly unknown[] };
  const inner: unknown = errors?.[0];
  return message || (inner === undefined ? code || String(error) : reasonOf(inner));
}
