import { join } from 'node:path';
import { services } from '@waybill/contracts';
import { type Credentials, loadCredentials } from './credentials.js';
import { replaceFile } from './file-replacement.js';
import { databaseUrl } from './postgres-provision.js';

/**
 * Makes the passwords of docker-compose.yml at the first start, and finds them again at later ones.
 *
 * One folder for each reader, each a volume of its own, so that nobody sees another's password:
 *
 *   admin/credentials.json   all of them; only the set-up reads it
 *   postgres/password        the administrator's, for POSTGRES_PASSWORD_FILE
 *   orders/database-url      a service's own login, for WAYBILL_ORDERS_DATABASE_URL_FILE
 */
export function writeComposeCredentials(folder: string, adminUrl: string): Credentials {
  const credentials = loadCredentials(join(folder, 'admin'));
  // Postgres reads it as a user of its own; who may look into the volume decides who can see it.
  replaceFile(join(folder, 'postgres', 'password'), credentials.admin, 0o444);
  for (const service of services) {
    const login = { name: `${service}_a`, password: credentials.logins[`${service}_a`] ?? '' };
    replaceFile(join(folder, service, 'database-url'), databaseUrl(adminUrl, service, login), 0o400);
  }
  return credentials;
}
