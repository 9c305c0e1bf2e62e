import { DataSource, type EntitySubscriberInterface, type MixedList } from 'typeorm';
import {
  ANSWER_TIMEOUT_MS,
  type ConnectionSettings,
  KEEP_ALIVE_AFTER_MS,
  sessionLimits,
  withoutSslOf,
} from './connection.js';
import { PreparingClient } from './preparing-client.js';

export interface DataSourceSettings extends ConnectionSettings {
  // eslint-disable-next-line @typescript-eslint/no-unsafe-function-type -- TypeORM's own type for a list of entity classes
  readonly entities?: MixedList<Function>;
  readonly subscribers?: readonly (new () => EntitySubscriberInterface)[];
  /** Connections at once; 10 unless told. */
  readonly poolMax?: number;
  /** How long a statement may stay without an answer before its connection counts as lost; 30 s. */
  readonly answerTimeoutMs?: number;
}

const POOL_MAX = 10;
/** How long a caller waits for a free connection before it is told that the database is not available. */
const CHECKOUT_TIMEOUT_MS = 3_000;

/** A data source with the platform's session limits; `initialize()` connects it. */
export function createDataSource(settings: DataSourceSettings): DataSource {
  return new DataSource({
    type: 'postgres',
    url: withoutSslOf(settings),
    ...(settings.ssl === undefined ? {} : { ssl: settings.ssl }),
    applicationName: settings.applicationName,
    entities: settings.entities ?? [],
    subscribers: [...(settings.subscribers ?? [])],
    poolSize: settings.poolMax ?? POOL_MAX,
    // Errors travel to where they are decided; logging each here would print parameters, and those may be personal.
    logging: false,
    // Only the migrations of a service change its schema.
    synchronize: false,
    installExtensions: false,
    extra: {
      ...sessionLimits,
      connectionTimeoutMillis: CHECKOUT_TIMEOUT_MS,
      keepAlive: true,
      keepAliveInitialDelayMillis: KEEP_ALIVE_AFTER_MS,
      query_timeout: settings.answerTimeoutMs ?? ANSWER_TIMEOUT_MS,
      Client: PreparingClient,
      // Statements that do not wait for each other go out together. Where one fails, those behind it fail too, and COMMIT
      // is answered with ROLLBACK: `transaction` looks at that.
      pipeline: true,
    },
  });
}
