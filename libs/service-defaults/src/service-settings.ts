import { portOf, type Role, roles } from '@waybill/config';

/** What service-defaults itself needs of a service's configuration. */
export interface ServiceSettings {
  readonly name: string;
  readonly instance: number;
  readonly host: string;
  readonly port: number;
  readonly roles: readonly Role[];
  readonly logLevel: string;
  readonly requestTimeoutMs: number;
  readonly keepAliveMs: number;
  readonly drainMs: number;
  readonly timeoutMs: number;
  /** Days that acknowledged events are kept; 0 for a service without an outbox. */
  readonly outboxArchiveDays: number;
  readonly outboxSpacingMs: number;
  /** A block of the event loop of this length makes the process not live. */
  readonly stallMs: number;
  /** A loop that has not got on for so long, too. */
  readonly stuckMs: number;
  /** Opens the detail of health; absent: there is none. */
  readonly healthDetailToken: string | undefined;
}

/** Picks them out of the checked values. A service without `rolesConfig` has all roles. */
export function serviceSettings(name: string, config: Readonly<Record<string, unknown>>): ServiceSettings {
  const portName = `${name.toUpperCase()}_PORT`;
  const need = <T>(key: string): T => {
    if (!(key in config)) {
      throw new TypeError(
        `The configuration of ${name} has no ${key}: its schema should spread httpConfig('${name}', port) and shutdownConfig.`,
      );
    }
    return config[key] as T;
  };
  need(portName);
  return {
    name,
    instance: need('WAYBILL_INSTANCE'),
    host: need('WAYBILL_HOST'),
    port: portOf(config, portName),
    roles: (config['ROLES'] as readonly Role[] | undefined) ?? roles,
    logLevel: need('LOG_LEVEL'),
    requestTimeoutMs: need('HTTP_REQUEST_TIMEOUT_MS'),
    keepAliveMs: need('HTTP_KEEP_ALIVE_MS'),
    drainMs: need('SHUTDOWN_DRAIN_MS'),
    timeoutMs: need('SHUTDOWN_TIMEOUT_MS'),
    outboxArchiveDays: (config['OUTBOX_ARCHIVE_DAYS'] as number | undefined) ?? 0,
    outboxSpacingMs: (config['OUTBOX_SPACING_MS'] as number | undefined) ?? 25,
    stallMs: (config['HEALTH_STALL_MS'] as number | undefined) ?? 5_000,
    stuckMs: (config['HEALTH_STUCK_MS'] as number | undefined) ?? 120_000,
    healthDetailToken: config['HEALTH_DETAIL_TOKEN'] as string | undefined,
  };
}
