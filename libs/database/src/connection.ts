import pg from 'pg';

/** `false`, or TLS options as Node names them (PEM texts); absent: what `sslmode` in the URL says, as pg reads it. */
export type Ssl =
  | false
  | {
      readonly ca?: string;
      readonly cert?: string;
      readonly key?: string;
      readonly rejectUnauthorized?: boolean;
      /** `() => undefined` takes any host name that the certificate authority signed for (sslmode=verify-ca). */
      readonly checkServerIdentity?: () => undefined;
    };

export interface ConnectionSettings {
  /** `postgres://user:password@host:port/database` */
  readonly url: string;
  readonly ssl?: Ssl;
  /** Shown in pg_stat_activity. */
  readonly applicationName: string;
}

/**
 * What every session of the platform is started with. A paused process must not hold locks for long: after 5 seconds
 * the server ends its transaction, and whoever waited for a lock gets 55P03 after 2.
 */
export const sessionLimits = {
  lock_timeout: 2_000,
  idle_in_transaction_session_timeout: 5_000,
  statement_timeout: 15_000,
} as const;

const CONNECT_TIMEOUT_MS = 5_000;
/**
 * A server that is gone without a word answers nothing, and its own time-outs with it. TCP would wait for a quarter of an
 * hour. Longer than any statement may take.
 */
export const ANSWER_TIMEOUT_MS = 30_000;
/** On an idle connection, such as that of LISTEN; the system's default is two hours. */
export const KEEP_ALIVE_AFTER_MS = 10_000;

export function clientConfig(settings: ConnectionSettings): pg.ClientConfig {
  return {
    connectionString: withoutSslOf(settings),
    ...(settings.ssl === undefined ? {} : { ssl: settings.ssl }),
    application_name: settings.applicationName,
    connectionTimeoutMillis: CONNECT_TIMEOUT_MS,
    keepAlive: true,
    keepAliveInitialDelayMillis: KEEP_ALIVE_AFTER_MS,
    ...sessionLimits,
  };
}

/** One session of its own, not from the pool and not yet connected: for the relay, for LISTEN, for an advisory lock. */
export function createConnection(settings: ConnectionSettings): pg.Client {
  const client = new pg.Client({ ...clientConfig(settings), query_timeout: ANSWER_TIMEOUT_MS });
  // Without a listener the loss of an idle connection would end the process. The next query reports it.
  client.on('error', () => undefined);
  return client;
}

/** pg lets what the URL says about TLS win over the options; ours are validated, so they must win. */
export function withoutSslOf({ url, ssl }: Pick<ConnectionSettings, 'url' | 'ssl'>): string {
  if (ssl === undefined) {
    return url;
  }
  const parsed = new URL(url);
  for (const name of ['ssl', 'sslmode', 'sslrootcert', 'sslcert', 'sslkey', 'uselibpqcompat']) {
    parsed.searchParams.delete(name);
  }
  return parsed.toString();
}
