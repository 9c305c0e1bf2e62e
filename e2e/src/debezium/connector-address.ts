import type { ConnectorSettings } from './debezium-engine.js';

/** Where a connector finds its database, of a `postgres://` URL. */
export function connectorAddress(databaseUrl: string): ConnectorSettings {
  const { hostname, port, username, password, pathname } = new URL(databaseUrl);
  return {
    'database.hostname': hostname,
    'database.port': port,
    'database.user': username,
    'database.password': decodeURIComponent(password),
    'database.dbname': pathname.slice(1),
  };
}
