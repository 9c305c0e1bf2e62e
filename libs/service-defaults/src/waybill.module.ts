import { hostname } from 'node:os';
import { type DynamicModule, Inject, Injectable, Module, type OnApplicationBootstrap, type Provider, type Type } from '@nestjs/common';
import { APP_GUARD, ModuleRef } from '@nestjs/core';
import { type KafkaSettings as KafkaVariables, parseDatabase, parseKafka } from '@waybill/config';
import type { Service } from '@waybill/contracts';
import {
  type ConnectionSettings,
  createConnection,
  createDataSource,
  InstanceHeartbeat,
  type MigrationClass,
  schemaOf,
  transaction,
} from '@waybill/database';
import { GracefulShutdown } from '@waybill/graceful-shutdown';
import { Health } from '@waybill/health';
import { Inbox } from '@waybill/inbox';
import { KafkaClient } from '@waybill/kafka';
import { Outbox, OutboxSignal } from '@waybill/outbox';
import { serviceIdentity } from '@waybill/tracing';
import type { Logger } from 'pino';
import { DataSource } from 'typeorm';
import { DatabaseGuard } from './database.guard.js';
import { DatabaseLink } from './database-link.js';
import { inboxSettings } from './inbox-settings.js';
import { Messaging } from './messaging.js';
import { Metrics } from './metrics.js';
import { SchemaWatch } from './schema-watch.js';
import { plainLog } from './service-logger.js';
import type { ServiceSettings } from './service-settings.js';
import type { BackgroundWorker, Subscriptions } from './subscriptions.js';
import { CONFIG, LOGGER, SERVICE_OPTIONS, SETTINGS } from './tokens.js';

export interface WaybillModuleOptions {
  readonly name: Service;
  readonly entities: readonly Type<unknown>[];
  /**
   * Those of the service's `persistence/migrations.ts`: it is ready, and takes events, once its database has all of them
   * that it needs. Absent: nobody looks at the schema.
   */
  readonly migrations?: readonly MigrationClass[];
  /** Class of a provider of the service that holds the table of its subscriptions. */
  readonly subscriptions?: Type<Subscriptions>;
  /** Classes of providers of the service that work in the background; they run where the role `consumer` is. */
  readonly workers?: readonly Type<BackgroundWorker>[];
}

type Config = Readonly<Record<string, unknown>>;

/** Database, outbox and inbox for a service, and the relay and the consumer behind them. */
@Module({})
export class WaybillModule {
  static forService(options: WaybillModuleOptions): DynamicModule {
    return {
      module: WaybillModule,
      global: true,
      providers: [{ provide: SERVICE_OPTIONS, useValue: options }, ...providers(options)],
      exports: [DataSource, Outbox, Inbox, KafkaClient],
    };
  }
}

function providers({ name, entities }: WaybillModuleOptions): Provider[] {
  return [
    {
      provide: CONNECTION,
      inject: [CONFIG, SETTINGS],
      useFactory: (config: Config, settings: ServiceSettings): ConnectionSettings => {
        const variable = `WAYBILL_${name.toUpperCase()}_DATABASE_URL`;
        return {
          ...parseDatabase(variable, String(config[variable])).connection,
          applicationName: `waybill-${name}-${settings.instance}`,
        };
      },
    },
    {
      provide: DataSource,
      inject: [CONNECTION, CONFIG],
      useFactory: (connection: ConnectionSettings, config: Config) =>
        createDataSource({
          ...connection,
          entities: [...entities],
          poolMax: Number(config['WAYBILL_DATABASE_POOL_MAX']),
        }),
    },
    {
      provide: KafkaClient,
      inject: [CONFIG, SETTINGS, LOGGER],
      useFactory: (config: Config, settings: ServiceSettings, log: Logger) =>
        new KafkaClient({
          ...parseKafka(config as unknown as KafkaVariables).connection,
          clientId: `waybill-${name}-${settings.instance}`,
          log: plainLog(log),
        }),
    },
    {
      provide: OutboxSignal,
      inject: [CONNECTION, LOGGER],
      useFactory: (connection: ConnectionSettings, log: Logger) =>
        new OutboxSignal({
          connect: async () => {
            const client = createConnection(connection);
            await client.connect();
            return client;
          },
          log: (message, err) => log.warn({ err }, message),
        }),
    },
    { provide: Outbox, useFactory: () => new Outbox(name) },
    {
      provide: Inbox,
      inject: [DataSource],
      useFactory: (dataSource: DataSource) => new Inbox(name, (run) => transaction(dataSource, run)),
    },
    { provide: APP_GUARD, useClass: DatabaseGuard },
    ServiceEngine,
  ];
}

const CONNECTION = 'WAYBILL:CONNECTION';

/** Sets the service going once Nest has built it, and tells health and shutdown what there is to watch and to stop. */
@Injectable()
class ServiceEngine implements OnApplicationBootstrap {
  constructor(
    @Inject(SERVICE_OPTIONS) private readonly options: WaybillModuleOptions,
    @Inject(CONFIG) private readonly config: Config,
    @Inject(SETTINGS) private readonly settings: ServiceSettings,
    @Inject(CONNECTION) private readonly connection: ConnectionSettings,
    @Inject(LOGGER) private readonly log: Logger,
    private readonly dataSource: DataSource,
    private readonly kafka: KafkaClient,
    private readonly outbox: Outbox,
    private readonly signal: OutboxSignal,
    private readonly health: Health,
    private readonly shutdown: GracefulShutdown,
    private readonly metrics: Metrics,
    private readonly modules: ModuleRef,
  ) {}

  onApplicationBootstrap(): void {
    const log = plainLog(this.log);
    const { name, subscriptions } = this.options;
    const link = new DatabaseLink(this.dataSource, log);
    const messaging = new Messaging({
      inbox: inboxSettings(name, this.config),
      service: name,
      settings: this.settings,
      connection: this.connection,
      dataSource: this.dataSource,
      kafka: this.kafka,
      outbox: this.outbox,
      signal: this.signal,
      metrics: this.metrics,
      begin: (work) => this.shutdown.work.begin(work),
      log,
      progress: (loop) => this.health.loop(loop),
      subscriptions: subscriptions === undefined ? undefined : this.providerOf(subscriptions),
    });
    const workers = this.settings.roles.includes('consumer') ? (this.options.workers ?? []) : [];
    const background = workers.map((worker) => this.providerOf(worker));
    const schema = this.schemaWatch(link);
    const heartbeat = this.heartbeat();
    this.stopInOrder(link, messaging, background, heartbeat);
    this.health.register({ name: 'database', kind: 'hard', check: () => link.check() });
    if (schema !== undefined) {
      this.health.register({ name: 'schema', kind: 'hard', check: () => schema.check() });
    }
    if (messaging.usesKafka) {
      // Without Kafka orders are still accepted: they wait in the outbox.
      this.health.register({ name: 'kafka', kind: 'soft', check: () => this.kafka.ping() });
    }
    if (messaging.consumes) {
      this.health.register({ name: 'membership', kind: 'soft', check: () => messaging.checkMembership() });
    }
    const begin = async () => {
      // In this order: a contract that does not see this instance yet has run when the schema is looked at.
      await heartbeat?.start();
      await schema?.untilRight(() => this.shutdown.isStopping);
      if (this.shutdown.isStopping) {
        return;
      }
      this.signal.watch(this.dataSource);
      this.signal.start();
      messaging.start();
      for (const worker of background) {
        worker.start(this.health.loop(worker.name));
      }
    };
    link.start(() => void begin());
  }

  private schemaWatch(link: DatabaseLink): SchemaWatch | undefined {
    const { name, migrations } = this.options;
    return (
      migrations &&
      new SchemaWatch({ service: name, link, dataSource: this.dataSource, migrations, warn: (message) => this.log.warn(message) })
    );
  }

  private heartbeat(): InstanceHeartbeat | undefined {
    const { name, migrations } = this.options;
    return (
      migrations &&
      new InstanceHeartbeat({
        database: this.dataSource,
        service: name,
        instance: `${this.settings.instance} (pid ${process.pid} on ${hostname()})`,
        version: serviceIdentity(process.env, process.argv[1]).version,
        schema: schemaOf(migrations),
        progress: this.health.loop('instance heartbeat'),
        warn: (message, err) => this.log.warn({ err }, message),
      })
    );
  }

  private stopInOrder(
    link: DatabaseLink,
    messaging: Messaging,
    background: readonly BackgroundWorker[],
    heartbeat: InstanceHeartbeat | undefined,
  ): void {
    this.shutdown.on('intake', 'consumer', () => messaging.stopConsumer());
    for (const worker of background) {
      this.shutdown.on('intake', worker.name, () => worker.stop());
    }
    // The relay takes nothing in: it goes on until the last request has written its events.
    this.shutdown.on('servers', 'relay', () => messaging.stopRelay());
    this.shutdown.on('connections', 'kafka', () => messaging.disconnect());
    this.shutdown.on('connections', 'outbox signal', () => this.signal.stop());
    this.shutdown.on('database', 'pool', async () => {
      // To the last moment in which something may touch the tables, a contract waits for this instance.
      await heartbeat?.stop();
      await link.stop();
    });
  }

  private providerOf<T>(type: Type<T>): T {
    try {
      return this.modules.get(type, { strict: false });
    } catch (cause) {
      throw new Error(`${type.name} is named in WaybillModule.forService, but no module provides it: add it to the providers.`, {
        cause,
      });
    }
  }
}
