import type { ManagedServer } from './managed-server.js';

/** A server of somebody else: we neither start nor stop it. */
export class ExternalServer implements ManagedServer {
  readonly pid = undefined;
  readonly logFile = '(external)';

  start(): Promise<void> {
    return Promise.resolve();
  }

  stop(): Promise<void> {
    return Promise.resolve();
  }

  kill(): Promise<void> {
    return Promise.resolve();
  }
}

export class ExternalKafka extends ExternalServer {
  constructor(readonly brokers: string) {
    super();
  }
}

export class ExternalPostgres extends ExternalServer {
  /** What belongs to others we do not administer. */
  readonly adminUrl = undefined;
}
