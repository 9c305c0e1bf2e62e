import { services } from '@waybill/contracts';
import { writeComposeCredentials } from './compose-credentials.js';
import type { Credentials } from './credentials.js';
import { databaseUrl, provisionPostgres } from './postgres-provision.js';
import { reportFailure } from './report-failure.js';
import { migrateSchema } from './schema-migration.js';
import { SetUpError } from './set-up-error.js';
import { declareTopics } from './topic-declaration.js';

// The jobs of docker-compose.yml that run to their end before the services start. Each may run again at any time.

const CREDENTIALS_FOLDER = '/credentials';
const INVALID_PASSWORD = '28P01';

const jobs: Readonly<Record<string, () => Promise<void>>> = {
  /** Before Postgres: it takes its password from here. */
  credentials: async () => {
    writeComposeCredentials(CREDENTIALS_FOLDER, required('POSTGRES_ADMIN_URL'));
    console.log('Passwords are there.');
  },
  /** After Postgres and Kafka. */
  platform: async () => {
    const url = new URL(required('POSTGRES_ADMIN_URL'));
    const credentials = writeComposeCredentials(CREDENTIALS_FOLDER, url.toString());
    url.password = credentials.admin;
    await Promise.all([prepareDatabases(url.toString(), credentials), prepareTopics(required('WAYBILL_KAFKA_BROKERS'))]);
  },
};

try {
  const [name = ''] = process.argv.slice(2);
  const job = jobs[name];
  if (job === undefined) {
    throw new SetUpError(`Expected one of ${Object.keys(jobs).join(', ')}; got ${JSON.stringify(name)}.`);
  }
  await job();
} catch (error) {
  process.exitCode = reportFailure(error);
}

async function prepareDatabases(adminUrl: string, credentials: Credentials): Promise<void> {
  try {
    await provisionPostgres(adminUrl, credentials);
  } catch (error) {
    if ((error as { code?: unknown }).code === INVALID_PASSWORD) {
      throw new SetUpError(
        'Postgres has data that were made with another password: of the volumes postgres and *-credentials one was removed and not the other. Forget them all: docker compose down --volumes.',
        { cause: error },
      );
    }
    throw error;
  }
  await Promise.all(
    services.map(async (name) => {
      const login = { name: `${name}_a`, password: credentials.logins[`${name}_a`] ?? '' };
      await migrateSchema(name, process.env, {
        database: databaseUrl(adminUrl, name, login),
        migration: databaseUrl(adminUrl, name),
      });
      console.log(`The database ${name} is as this version needs it.`);
    }),
  );
}

async function prepareTopics(brokers: string): Promise<void> {
  const made = await declareTopics(brokers, process.env);
  console.log(made.length === 0 ? 'All topics are there.' : `Topics made: ${made.join(', ')}.`);
}

function required(name: string): string {
  const value = process.env[name];
  if (!value) {
    throw new SetUpError(`${name} is not set; docker-compose.yml sets it.`);
  }
  return value;
}
