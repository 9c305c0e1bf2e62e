import { rmSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { type Service, services as eventServices } from '@waybill/contracts';
import type { Exit } from './child-program.js';
import type { Credentials } from './credentials.js';
import { readClaim } from './dev-claim.js';
import { clearDocker } from './docker-server.js';
import { messageOf } from './error-message.js';
import { ExternalKafka, ExternalPostgres } from './external-server.js';
import {
  type InfrastructureOptions,
  type KafkaServer,
  type PostgresServer,
  startDockerKafka,
  startDockerPostgres,
  startEmbeddedKafka,
  startEmbeddedPostgres,
} from './infrastructure.js';
import type { Choice, ServerName } from './infrastructure-choice.js';
import { LogFile } from './log-file.js';
import { isMigrated, rememberMigrated } from './migration-memory.js';
import { databaseUrl, provisionPostgres } from './postgres-provision.js';
import { ownIdentity } from './process-identity.js';
import type { ProcessRoll } from './process-roll.js';
import type { Progress } from './progress.js';
import { RestartBackoff } from './restart-backoff.js';
import { migrateSchema } from './schema-migration.js';
import { serviceEnvironment } from './service-environment.js';
import { labelOf, type ProgramName, type Slot } from './services.js';
import { removeStack, repository, type StackFile, writeStack } from './stack-file.js';
import type { StackSettings } from './stack-settings.js';
import { type ServiceEnvironment, SupervisedService } from './supervised-service.js';
import { declareTopics } from './topic-declaration.js';

/** Asked at each start of a service's process; `env` is what it would get, the answer is laid over it. */
export type EnvironmentOf = (
  slot: Pick<Slot, 'name' | 'instance'>,
  env: NodeJS.ProcessEnv,
) => ServiceEnvironment | Promise<ServiceEnvironment>;

/**
 * Asked at each start of a service's process, for the built workspace from which it runs: a folder with
 * `apps/orders/dist` and so on. The schema is migrated by the one that the first instance is to run.
 */
export type BuildOf = (slot: Pick<Slot, 'name' | 'instance'>) => string;

export interface StackParts {
  readonly home: string;
  readonly env: NodeJS.ProcessEnv;
  readonly settings: StackSettings;
  readonly slots: readonly Slot[];
  readonly choice: Choice;
  readonly credentials: Credentials;
  readonly roll: ProcessRoll;
  readonly progress: Progress;
  /** Start again what has ended by itself. */
  readonly restart: boolean;
  readonly temporary: boolean;
  readonly onLine: (slot: Slot, line: string) => void;
  readonly envOf?: EnvironmentOf | undefined;
  /** Absent: this workspace. */
  readonly buildOf?: BuildOf | undefined;
  /** Opens the embedded broker's second listener; see InfrastructureOptions. */
  readonly kafkaProxyPort?: number | undefined;
  readonly unlock: () => void;
}

const KAFKA_PORT = 9092;
const POSTGRES_PORT = 5432;
const CLAIM_POLL_MS = 250;

/**
 * The whole platform as child processes of this one. What does not need the other starts side by side:
 *
 *   Kafka ------> topics ----------+
 *   Postgres ---> roles, schemas --+--> orders, inventory, shipping --> stack.json
 *   carrier -----------------------+
 *
 * It stops in the reverse order, so that services can finish what they have in hand.
 */
export class Stack {
  private readonly started = new Map<string, SupervisedService>();
  private servers: { readonly kafka: KafkaServer; readonly postgres: PostgresServer } | undefined;
  private databases: Readonly<Record<string, string>> = {};
  private migrations: Readonly<Record<string, string>> = {};
  private claims: NodeJS.Timeout | undefined;
  private isYielding = false;
  private ending: Promise<void> | undefined;
  private readonly backoff: Readonly<Record<ServerName, RestartBackoff>> = {
    kafka: new RestartBackoff(),
    postgres: new RestartBackoff(),
  };

  constructor(private readonly parts: StackParts) {}

  /** True from the moment the stop begins. */
  get isEnding(): boolean {
    return this.ending !== undefined;
  }

  get home(): string {
    return this.parts.home;
  }

  get kafka(): KafkaServer {
    return this.running().kafka;
  }

  get postgres(): PostgresServer {
    return this.running().postgres;
  }

  get services(): readonly SupervisedService[] {
    return this.parts.slots.flatMap((slot) => this.started.get(labelOf(slot)) ?? []);
  }

  service(name: ProgramName, instance = 1): SupervisedService {
    const service = this.started.get(labelOf({ name, instance }));
    if (service === undefined) {
      throw new Error(`this stack runs ${[...this.started.keys()].join(', ')}; there is no ${labelOf({ name, instance })}`);
    }
    return service;
  }

  /** What stack.json says. */
  get file(): StackFile {
    return {
      ...ownIdentity(),
      services: this.services.map(({ slot, pid, logFile }) => ({
        name: slot.name,
        instance: slot.instance,
        url: slot.url,
        pid: pid ?? 0,
        log: logFile,
      })),
      kafka: { brokers: this.kafka.brokers },
      postgres: { ...this.databases },
      migration: { ...this.migrations },
      jaeger: null,
    };
  }

  async start(): Promise<void> {
    const kafka = this.startKafka();
    const postgres = this.startPostgres();
    const [kafkaServer, postgresServer] = await Promise.all([kafka, postgres, this.startServices(kafka, postgres)]);
    this.servers = { kafka: kafkaServer, postgres: postgresServer };
    this.save();
    this.claims = setInterval(() => void this.yieldClaimedPlaces(), CLAIM_POLL_MS);
    this.claims.unref();
  }

  /** In order, with all that is in hand. May be called at any time, also during the start, and more than once. */
  stop(): Promise<void> {
    this.ending ??= this.end();
    return this.ending;
  }

  /** Kills everything at once; the next start repairs what this leaves. */
  kill(): void {
    this.parts.roll.refuse();
    this.parts.roll.killAll();
  }

  private async end(): Promise<void> {
    const { home, roll, choice, temporary, unlock } = this.parts;
    clearInterval(this.claims);
    roll.refuse();
    removeStack(home);
    const running = [...this.started.values()];
    const isCarrier = (service: SupervisedService) => service.slot.name === 'carrier';
    await Promise.all(running.filter((service) => !isCarrier(service)).map((service) => service.stop()));
    await Promise.all(running.filter(isCarrier).map((service) => service.stop()));
    await Promise.all([this.servers?.kafka.stop(), this.servers?.postgres.stop()]);
    // What was still being started when the stop came.
    await roll.endAll();
    if (Object.values(choice).includes('docker')) {
      await clearDocker(home, { data: temporary });
    }
    roll.close();
    unlock();
    if (temporary) {
      rmSync(home, { recursive: true, force: true });
    }
  }

  private startKafka(): Promise<KafkaServer> {
    const { choice, settings } = this.parts;
    switch (choice.kafka) {
      case 'external':
        return Promise.resolve(new ExternalKafka(settings.brokers ?? ''));
      case 'docker':
        return startDockerKafka(this.infrastructureOptions());
      case 'embedded':
        return startEmbeddedKafka(this.infrastructureOptions());
    }
  }

  private startPostgres(): Promise<PostgresServer> {
    switch (this.parts.choice.postgres) {
      case 'external':
        return Promise.resolve(new ExternalPostgres());
      case 'docker':
        return startDockerPostgres(this.infrastructureOptions());
      case 'embedded':
        return startEmbeddedPostgres(this.infrastructureOptions());
    }
  }

  private infrastructureOptions(): InfrastructureOptions {
    const { home, roll, progress, credentials, settings, temporary, kafkaProxyPort } = this.parts;
    return {
      home,
      roll,
      progress,
      adminPassword: credentials.admin,
      kafkaPort: KAFKA_PORT + settings.portOffset,
      postgresPort: POSTGRES_PORT + settings.portOffset,
      forgetful: temporary,
      ...(kafkaProxyPort === undefined ? {} : { kafkaProxyPort }),
      onCrash: (server, exit) => void this.revive(server, exit),
    };
  }

  private async startServices(kafka: Promise<KafkaServer>, postgres: Promise<PostgresServer>): Promise<void> {
    const { progress, env, slots } = this.parts;
    const topics = kafka.then(({ brokers }) => progress.step('Topics declared', () => declareTopics(brokers, env)));
    const schemas = postgres.then((server) => progress.step('Schemas migrated', () => this.migrate(server)));
    const carrier = this.startSlots('carrier', '');
    // Whoever fails first decides; the others must not be left without a listener until then.
    await Promise.all([topics, schemas, carrier]);
    const brokers = serviceBrokers(await kafka);
    const names = slots.filter(({ name }) => name !== 'carrier').map(labelOf);
    await progress.step(`${names.join(', ')} started`, () =>
      Promise.all(eventServices.map((name) => this.startSlots(name, brokers))),
    );
  }

  private async migrate(server: PostgresServer): Promise<void> {
    const { env, settings, credentials, buildOf } = this.parts;
    const { adminUrl } = server;
    if (adminUrl !== undefined) {
      await provisionPostgres(adminUrl, credentials);
    }
    const urlsOf = (name: Service) => {
      if (adminUrl === undefined) {
        const database = settings.databaseUrls.get(name) ?? '';
        return { database, migration: settings.migrationUrls.get(name) ?? database };
      }
      const login = { name: `${name}_a`, password: credentials.logins[`${name}_a`] ?? '' };
      return { database: databaseUrl(adminUrl, name, login), migration: databaseUrl(adminUrl, name) };
    };
    await Promise.all(
      eventServices.map(async (name) => {
        // What is remembered is about the migrations of this workspace.
        const isOurs = adminUrl !== undefined && buildOf === undefined;
        if (!isOurs || !(await isMigrated(this.home, name, urlsOf(name).migration))) {
          await migrateSchema(name, env, urlsOf(name), buildOf?.({ name, instance: 1 }));
          await (isOurs && rememberMigrated(this.home, name, urlsOf(name).migration));
        }
      }),
    );
    this.databases = Object.fromEntries(eventServices.map((name) => [name, urlsOf(name).database]));
    this.migrations = Object.fromEntries(eventServices.map((name) => [name, urlsOf(name).migration]));
  }

  private async startSlots(name: ProgramName, brokers: string): Promise<void> {
    const slots = this.parts.slots.filter((slot) => slot.name === name);
    await Promise.all(
      slots.map((slot) => {
        const service = this.superviseSlot(slot, brokers);
        this.started.set(labelOf(slot), service);
        return service.start();
      }),
    );
  }

  private superviseSlot(slot: Slot, brokers: string): SupervisedService {
    const { home, env, settings, slots, roll, restart, progress, onLine, envOf, buildOf } = this.parts;
    const carrierUrl = slots.find(({ name }) => name === 'carrier')?.url ?? '';
    const asked = { name: slot.name, instance: slot.instance };
    return new SupervisedService({
      slot,
      roll,
      restart,
      stopGraceMs: settings.shutdownGraceMs,
      notice: (text) => progress.line(text),
      onLine: (line) => onLine(slot, line),
      onChange: () => this.save(),
      ...(envOf === undefined
        ? {}
        : { envOf: (env: NodeJS.ProcessEnv) => envOf(asked, env) }),
      argsOf: () => [join(buildOf?.(asked) ?? repository, 'apps', slot.name, 'dist', 'main.js')],
      program: {
        name: labelOf(slot),
        command: process.execPath,
        args: [],
        cwd: repository,
        env: serviceEnvironment(env, slot, {
          brokers,
          databases: this.databases,
          carrierUrl,
          carrierDataFile: join(home, 'carrier.jsonl'),
        }),
        log: new LogFile(join(home, 'logs', `${labelOf(slot)}.log`)),
        stopSignal: 'SIGTERM',
      },
    });
  }

  /** A server of ours has ended by itself. */
  private async revive(name: ServerName, exit: Exit): Promise<void> {
    const server = this.servers?.[name];
    if (server === undefined || this.ending !== undefined) {
      return;
    }
    this.parts.progress.line(`${name} ended with ${exit.signal ?? `exit code ${exit.code}`}; its log: ${server.logFile}`);
    while (this.parts.restart && this.ending === undefined) {
      await sleep(this.backoff[name].nextMs(0), undefined, { ref: false });
      try {
        await server.start();
        this.parts.progress.line(`${name} is ready again (pid ${server.pid ?? 0}).`);
        return;
      } catch (error) {
        this.parts.progress.line(`${name} could not be started again: ${messageOf(error)}`);
      }
    }
  }

  private async yieldClaimedPlaces(): Promise<void> {
    if (this.isYielding) {
      return;
    }
    this.isYielding = true;
    try {
      for (const service of this.services) {
        await service.giveWayTo(readClaim(this.parts.home, service.slot));
      }
    } finally {
      this.isYielding = false;
    }
  }

  private running(): { readonly kafka: KafkaServer; readonly postgres: PostgresServer } {
    if (this.servers === undefined) {
      throw new Error('the stack has not been started');
    }
    return this.servers;
  }

  /** stack.json appears when everything is ready, and goes when the stop begins. */
  private save(): void {
    if (this.servers !== undefined && this.ending === undefined) {
      writeStack(this.parts.home, this.file);
    }
  }
}

/** Where services find Kafka: at the listener that is meant to be proxied, where there is one. */
function serviceBrokers({ brokers, proxiedPort }: KafkaServer): string {
  return proxiedPort === undefined ? brokers : `127.0.0.1:${proxiedPort}`;
}
