import { durationMs, file, hostList, httpUrl, integer, line, oneOf, port, postgresUrl, secret, someOf } from './field.js';

export const roles = ['http', 'consumer', 'relay'] as const;
export type Role = (typeof roles)[number];

/** Where a service listens, and how long it is patient. `httpConfig('orders', 3001)` reads ORDERS_PORT. */
export function httpConfig<const S extends string>(service: S, defaultPort: number) {
  return {
    ...keyed(`${upper(service)}_PORT`, port().default(defaultPort).describe(`Port of the first instance of ${service}.`)),
    WAYBILL_PORT_OFFSET: integer({ min: 0, max: 50_000 })
      .default(0)
      .describe('Added to every port, so that two stacks run side by side.'),
    WAYBILL_INSTANCE: integer({ min: 1, max: 99 })
      .default(1)
      .describe('Which instance of the service this is; instance n listens 100 (n-1) higher.'),
    WAYBILL_HOST: line({ expected: 'an address to listen on', example: '0.0.0.0' })
      .default('127.0.0.1')
      .describe('Address to listen on. A laptop should not serve its network; a container must (0.0.0.0).'),
    HTTP_REQUEST_TIMEOUT_MS: durationMs({ min: 100, max: 600_000 })
      .default(10_000)
      .describe('A request that is not answered by then gets 503, so that a hanging database does not hold its clients.'),
    HTTP_KEEP_ALIVE_MS: durationMs({ min: 1_000, max: 600_000 })
      .default(65_000)
      .describe('How long an idle connection stays open. Longer than the load balancer keeps its own, or it meets closed ones.'),
    LOG_LEVEL: oneOf(['trace', 'debug', 'info', 'warn', 'error', 'fatal'])
      .default('info')
      .describe('Least severe log line that is written.'),
  };
}

/** A service's own database; `databaseConfig('orders')` reads WAYBILL_ORDERS_DATABASE_URL. */
export function databaseConfig<const S extends string>(service: S) {
  const url = `WAYBILL_${upper(service)}_DATABASE_URL` as const;
  return {
    ...keyed(
      url,
      postgresUrl()
        .meta({ example: `postgres://${service}_a:password@127.0.0.1:5432/${service}` })
        .describe(
          `Database of ${service}. sslmode=disable (default), require (encrypted, server not checked), verify-ca or verify-full; sslrootcert, sslcert and sslkey name files.`,
        ),
    ),
    ...keyed(
      `WAYBILL_${upper(service)}_MIGRATION_URL`,
      postgresUrl()
        .optional()
        .meta({ otherwise: `the value of ${url}` })
        .describe(`The same database for the login that may change its tables; only the migrate.js of ${service} and \`waybill migrate\` use it.`),
    ),
    WAYBILL_DATABASE_POOL_MAX: integer({ min: 2, max: 200 })
      .default(10)
      .describe("Connections at once. All instances together must stay below the server's max_connections."),
  };
}

/** How to reach Kafka. */
export const kafkaConfig = {
  WAYBILL_KAFKA_BROKERS: hostList().describe('Brokers to ask first; the cluster names the others.'),
  WAYBILL_KAFKA_DRIVER: oneOf(['kafkajs', 'platformatic'])
    .default('kafkajs')
    .describe('Client library for Kafka. The same in all instances of a service: a consumer group never mixes them.'),
  WAYBILL_KAFKA_TLS: oneOf(['off', 'on']).default('off').describe('Encrypts the connections to Kafka.'),
  WAYBILL_KAFKA_TLS_CA_FILE: file({ expected: 'the path of a PEM file', example: '/run/secrets/kafka-ca.pem' })
    .optional()
    .meta({ otherwise: "Node's own list" })
    .describe("Certificate authority that signed the brokers' certificates."),
  WAYBILL_KAFKA_TLS_CERT_FILE: file({ expected: 'the path of a PEM file' })
    .optional()
    .describe("This client's certificate, where the brokers ask for one. Needs the key, too."),
  WAYBILL_KAFKA_TLS_KEY_FILE: file({ expected: 'the path of a PEM file' })
    .optional()
    .describe("The key of this client's certificate."),
  WAYBILL_KAFKA_SASL_MECHANISM: oneOf(['plain', 'scram-sha-256', 'scram-sha-512'])
    .optional()
    .meta({ otherwise: 'no login' })
    .describe('How to log in. plain sends the password as it is: use it with TLS only.'),
  WAYBILL_KAFKA_SASL_USERNAME: line().optional().describe('Login name.'),
  WAYBILL_KAFKA_SASL_PASSWORD_FILE: file()
    .optional()
    .describe('File that holds the password; a newline at its end is ignored.'),
  WAYBILL_KAFKA_SASL_PASSWORD: secret()
    .optional()
    .describe('The password itself. A file is better: the environment of a process is easily seen.'),
};

/** How a consumer remembers what it has handled, and how often it tries what fails. */
export const inboxConfig = {
  INBOX_RETENTION_DAYS: integer({ min: 1, max: 3_650 })
    .default(30)
    .describe(
      'How long a handled event, or a record that was no event, is remembered. Longer than anything can bring it back: topic and dead-letter retention, retries and archive together; checked at the start.',
    ),
  AUDIT_RETENTION_DAYS: integer({ min: 1, max: 36_500 })
    .default(400)
    .describe('How long the audit says which event an operator retried, discarded or replayed, and why.'),
  INBOX_ATTEMPTS_MAX: integer({ min: 3, max: 1_000 })
    .default(12)
    .describe('How often a failing event is tried before it is dead and waits for an operator. The pauses grow to a minute.'),
};

/** How events go to Kafka, and what becomes of them when it has them. */
export const outboxConfig = {
  OUTBOX_ARCHIVE_DAYS: integer({ min: 0, max: 365 })
    .default(0)
    .describe(
      'Days that an event is kept in outbox_archive after Kafka acknowledged it, so that republish can fill a lost topic again. 0: it is deleted at once.',
    ),
  OUTBOX_SPACING_MS: integer({ min: 0, max: 1_000 })
    .default(25)
    .describe(
      'Time between two small sends of the relay while it carries more than 100 events a second; fewer, larger sends cost every consumer less. 0: each is sent at once.',
    ),
};

/** Where traces go. The exporter reads these variables itself; they are here to be checked and documented. */
export const telemetryConfig = {
  OTEL_EXPORTER_OTLP_ENDPOINT: httpUrl()
    .optional()
    .meta({ otherwise: 'no export' })
    .describe('Collector for traces (OTLP/HTTP, JSON); /v1/traces is added. Unset: requests still carry and log a trace id.'),
  OTEL_SERVICE_NAME: line()
    .optional()
    .meta({ otherwise: "the service's name" })
    .describe('Name of the service in traces.'),
};

/** When the process counts as beyond mending, and who may see why. */
export const healthConfig = {
  HEALTH_STALL_MS: durationMs({ min: 500, max: 600_000 })
    .default(5_000)
    .describe(
      'An event loop that was blocked for longer makes /health/live fail for as long again. While it is blocked nobody answers, and the time-out of the probe tells the same.',
    ),
  HEALTH_STUCK_MS: durationMs({ min: 1_000, max: 3_600_000 })
    .default(120_000)
    .describe(
      'A handler, a call or a round in the background that has not got on for so long, or a loop that has not come round, makes /health/live fail: a restart is the only thing that mends it. Longer than every time-out of the code (the longest: a member of a group may wait 62 s for the others), or patience is taken for death.',
    ),
  HEALTH_DETAIL_TOKEN: secret({ otherwise: 'there is no such page' })
    .optional()
    .describe('Opens GET /health, which tells the reason of each check, to whoever sends it as a bearer token.'),
};

/** How the process stops. */
export const shutdownConfig = {
  SHUTDOWN_DRAIN_MS: durationMs({ min: 0, max: 600_000 })
    .default(0)
    .describe(
      'After SIGTERM: how long to say "not ready" and go on serving, so that balancers stop sending first. Behind one: its probe period times its threshold, and a second.',
    ),
  SHUTDOWN_TIMEOUT_MS: durationMs({ min: 100, max: 600_000 })
    .default(20_000)
    .describe('After the drain: how long requests, handlers and the relay may take to finish before the process exits with 1.'),
  SHUTDOWN_GRACE_MS: durationMs({ min: 1_000, max: 1_300_000 })
    .default(30_000)
    .describe(
      'When the supervisor kills (terminationGracePeriodSeconds, stop_grace_period). Drain and time-out together must end 2 seconds earlier.',
    ),
};

/** Which parts of the service this process runs. */
export const rolesConfig = {
  ROLES: someOf(roles)
    .default([...roles])
    .describe('Parts of the service that this process runs; split them to scale one alone. Health and metrics are always served.'),
};

function upper<S extends string>(text: S): Uppercase<S> {
  return text.toUpperCase() as Uppercase<S>;
}

/** A computed key keeps its name in the type; `{ [key]: value }` would widen it to string. */
function keyed<K extends string, V>(key: K, value: V): Record<K, V> {
  return { [key]: value } as Record<K, V>;
}
