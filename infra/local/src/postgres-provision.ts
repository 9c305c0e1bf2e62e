import { services } from '@waybill/contracts';
import pg from 'pg';
import type { Credentials } from './credentials.js';

/** What belongs to no service lives in `platform`. */
const databases = [...services, 'platform'] as const;

/** The URL of a database on the server of `adminUrl`, for another login if one is given. */
export function databaseUrl(adminUrl: string, database: string, login?: { name: string; password: string }): string {
  const url = new URL(adminUrl);
  url.pathname = `/${database}`;
  if (login !== undefined) {
    url.username = login.name;
    url.password = login.password;
  }
  return url.toString();
}

/**
 * Makes roles and databases as production has them, where they are missing: for each service an owner that cannot log in
 * (it owns the tables), a group with the grants, and two logins in the group that see their own database only.
 */
export async function provisionPostgres(adminUrl: string, credentials: Credentials): Promise<void> {
  await withClient(adminUrl, async (client) => {
    const roles = await namesIn(client, 'SELECT rolname AS name FROM pg_roles');
    for (const database of databases) {
      for (const role of [`${database}_owner`, `${database}_app`].filter((name) => !roles.has(name))) {
        await client.query(`CREATE ROLE ${role} NOLOGIN`);
      }
    }
    for (const [login, password] of Object.entries(credentials.logins)) {
      const group = login.replace(/_[ab]$/, '_app');
      await client.query(
        roles.has(login)
          ? `ALTER ROLE ${login} PASSWORD ${client.escapeLiteral(password)}`
          : `CREATE ROLE ${login} LOGIN PASSWORD ${client.escapeLiteral(password)} IN ROLE ${group}`,
      );
    }
    const existing = await namesIn(client, 'SELECT datname AS name FROM pg_database');
    for (const database of databases.filter((name) => !existing.has(name))) {
      await client.query(`CREATE DATABASE ${database} OWNER ${database}_owner`);
    }
    await client.query('REVOKE CONNECT ON DATABASE postgres FROM PUBLIC');
  });
  await Promise.all(databases.map((database) => grantIn(databaseUrl(adminUrl, database), database)));
}

async function grantIn(url: string, database: string): Promise<void> {
  await withClient(url, async (client) => {
    await client.query(`
      REVOKE ALL ON DATABASE ${database} FROM PUBLIC;
      GRANT CONNECT ON DATABASE ${database} TO ${database}_app;
      REVOKE ALL ON SCHEMA public FROM PUBLIC;
      ALTER SCHEMA public OWNER TO ${database}_owner;
      GRANT USAGE ON SCHEMA public TO ${database}_app;
      ALTER DEFAULT PRIVILEGES FOR ROLE ${database}_owner IN SCHEMA public
        GRANT SELECT, INSERT, UPDATE, DELETE ON TABLES TO ${database}_app;
      ALTER DEFAULT PRIVILEGES FOR ROLE ${database}_owner IN SCHEMA public
        GRANT USAGE, SELECT ON SEQUENCES TO ${database}_app;
    `);
  });
}

async function withClient(url: string, work: (client: pg.Client) => Promise<void>): Promise<void> {
  const client = new pg.Client({ connectionString: url, application_name: 'waybill-local' });
  client.on('error', () => undefined);
  await client.connect();
  try {
    await work(client);
  } finally {
    await client.end();
  }
}

async function namesIn(client: pg.Client, query: string): Promise<Set<string>> {
  const { rows } = await client.query<{ name: string }>(query);
  return new Set(rows.map(({ name }) => name));
}
