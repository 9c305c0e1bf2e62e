import 'reflect-metadata';
import { type DynamicModule, Module, type Type } from '@nestjs/common';
import { NestFactory } from '@nestjs/core';
import type { NestFastifyApplication } from '@nestjs/platform-fastify';
import { type ConfigSchema, type Environment, loadConfig } from '@waybill/config';
import { GracefulShutdown, type SignalSource } from '@waybill/graceful-shutdown';
import { Health, HealthModule, StallWatch } from '@waybill/health';
import { flushTracing, onTracingTrouble } from '@waybill/tracing';
import type { DestinationStream, Logger } from 'pino';
import { serveAsyncApi } from './asyncapi.js';
import { createHttpAdapter, prepareHttp } from './http-server.js';
import { Metrics, serveMetrics } from './metrics.js';
import { serveOpenApi } from './openapi.js';
import { ProblemFilter } from './problem.filter.js';
import { createServiceLogger, NestLog, plainLog } from './service-logger.js';
import { type ServiceSettings, serviceSettings } from './service-settings.js';
import { TimeoutInterceptor } from './timeout.interceptor.js';
import { CONFIG, LOGGER, SETTINGS } from './tokens.js';
import { ValidationPipe } from './validation.js';

export interface ServiceOptions {
  /** As in `ORDERS_PORT`, in lower case. */
  readonly name: string;
  /** First sentence of the OpenAPI document. */
  readonly description?: string;
  /** The schema in the service's `config.ts`. */
  readonly config: ConfigSchema;
  /** The service's `app.module.ts`. */
  readonly module: Type<unknown>;
}

/** What a process gives a service; a test gives other things. */
export interface Surroundings {
  readonly env: Environment;
  readonly exit?: (code: number) => void;
  /** Who tells of signals; nobody unless told. */
  readonly signals?: SignalSource;
  readonly logTo?: DestinationStream;
  /** Listen on this port instead of the configured one; 0 for any free one. */
  readonly port?: number;
}

export interface RunningService {
  readonly url: string;
  readonly app: NestFastifyApplication;
  readonly shutdown: GracefulShutdown;
  readonly log: Logger;
}

/**
 * Starts a service and resolves when it listens, whether or not its database and Kafka are there.
 *
 * @throws ConfigError when its settings are wrong
 */
export async function startService(options: ServiceOptions, surroundings: Surroundings): Promise<RunningService> {
  const config: Readonly<Record<string, unknown>> = loadConfig(options.config, surroundings.env);
  const settings = serviceSettings(options.name, config);
  const log = createServiceLogger({
    service: settings.name,
    instance: settings.instance,
    level: settings.logLevel,
    ...(surroundings.logTo === undefined ? {} : { destination: surroundings.logTo }),
  });
  onTracingTrouble((message) => log.warn(message));
  const shutdown = new GracefulShutdown({
    drainMs: settings.drainMs,
    timeoutMs: settings.timeoutMs,
    log: plainLog(log),
    ...(surroundings.exit === undefined ? {} : { exit: surroundings.exit }),
  });
  const stalls = watchEventLoop(settings, log, surroundings);
  const health = new Health({ log: plainLog(log), stalls, stuckMs: settings.stuckMs });
  shutdown.on('readiness', 'health', () => health.beginDraining());
  shutdown.on('connections', 'traces', () => flushTracing());
  shutdown.on('database', 'health checks', () => {
    health.stop();
    stalls.stop();
  });
  if (surroundings.signals !== undefined) {
    // Before anything is started: a process that is told to stop while it starts stops in order, too.
    shutdown.listenTo(surroundings.signals);
  }
  try {
    return await start(options, { config, settings, log, shutdown, health, metrics: new Metrics(settings.name) }, surroundings.port);
  } catch (error) {
    if (!shutdown.isStopping) {
      throw error;
    }
    // What was taken away in the middle of the start made it fail, or made it needless.
    log.info({ err: error }, 'the start was given up, because the process stops');
    await shutdown.stop('start given up');
    throw error;
  }
}

async function start(options: ServiceOptions, parts: Parts, port: number | undefined): Promise<RunningService> {
  const { settings, log, shutdown, health, metrics } = parts;
  const app = await NestFactory.create<NestFastifyApplication>(
    rootModule(options.module, parts),
    createHttpAdapter({ settings, log }),
    { logger: new NestLog(log), bodyParser: false, abortOnError: false },
  );
  app.useGlobalPipes(new ValidationPipe());
  app.useGlobalFilters(new ProblemFilter(log));
  app.useGlobalInterceptors(new TimeoutInterceptor(settings.requestTimeoutMs));
  prepareHttp(app, { settings, log, shutdown, metrics });
  serveMetrics(app, metrics);
  serveAsyncApi(app, options.name);
  serveOpenApi(app, options);
  if (shutdown.isStopping) {
    throw new Error('stopped before it listened');
  }
  await app.listen(port ?? settings.port, settings.host);
  health.start();
  health.started();
  const url = await app.getUrl();
  log.info({ url, roles: settings.roles }, `${settings.name} listens`);
  return { url, app, shutdown, log };
}

/** From the first moment on: what blocks a start is to be found, too. */
function watchEventLoop({ name, instance, stallMs }: ServiceSettings, log: Logger, { logTo }: Surroundings): StallWatch {
  // The watchman writes for himself, and past any logger: he has none of another thread.
  const line = { fd: 1, fields: { service: name, instance } };
  const stalls = new StallWatch({ log: plainLog(log), stallMs, ...(logTo === undefined ? { line } : {}) });
  stalls.start();
  return stalls;
}

interface Parts {
  readonly config: unknown;
  readonly settings: ServiceSettings;
  readonly log: Logger;
  readonly shutdown: GracefulShutdown;
  readonly health: Health;
  readonly metrics: Metrics;
}

@Module({})
class ServiceModule {}

/** What every provider of the service may ask for, wherever it stands. */
function rootModule(module: Type<unknown>, { config, settings, log, shutdown, health, metrics }: Parts): DynamicModule {
  const providers = [
    { provide: CONFIG, useValue: config },
    { provide: SETTINGS, useValue: settings },
    { provide: LOGGER, useValue: log },
    { provide: GracefulShutdown, useValue: shutdown },
    { provide: Metrics, useValue: metrics },
  ];
  return {
    module: ServiceModule,
    global: true,
    imports: [HealthModule.for(health, { detailToken: settings.healthDetailToken }), module],
    providers,
    exports: providers.map(({ provide }) => provide),
  };
}
