import { randomBytes } from 'node:crypto';
import pg from 'pg';

/** A database that is there for one rehearsal only, on a server of which one is the administrator. */
export interface RehearsalDatabase {
  readonly url: string;
  readonly client: pg.Client;
  drop(): Promise<void>;
}

export async function createDatabase(adminUrl: string): Promise<RehearsalDatabase> {
  const name = `rehearsal_${randomBytes(6).toString('hex')}`;
  await onServer(adminUrl, `CREATE DATABASE ${name}`);
  const url = new URL(adminUrl);
  url.pathname = `/${name}`;
  const client = await connect(url.toString());
  return {
    url: url.toString(),
    client,
    drop: async () => {
      await client.end();
      await onServer(adminUrl, `DROP DATABASE IF EXISTS ${name} WITH (FORCE)`);
    },
  };
}

async function onServer(adminUrl: string, statement: string): Promise<void> {
  const client = await connect(adminUrl);
  try {
    await client.query(statement);
  } finally {
    await client.end();
  }
}

async function connect(url: string): Promise<pg.Client> {
  const client = new pg.Client({ connectionString: url, application_name: 'waybill-rehearsal-admin' });
  client.on('error', () => undefined);
  await client.connect();
  return client;
}
