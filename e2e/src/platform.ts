import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { publishers, type Service, services } from '@waybill/contracts';
import { type KafkaServer, type PostgresServer, type Stack, startStack, type TestStackOptions } from '@waybill/local';
import { until } from '@waybill/testing';
import { Kafka, logLevel } from 'kafkajs';
import pg from 'pg';
import { Customer, type Urls } from './customer.js';

type ProgramName = keyof Urls;

export interface ServiceProcess {
  /** SIGSTOP: it is there, and does nothing. */
  pause(): void;
  resume(): void;
  /** kill -9, and nothing in its place. */
  kill(): Promise<void>;
  start(): Promise<void>;
  /** SIGTERM, and nothing in its place: it finishes what it has in hand. Answers with its exit code, or the signal that ended it. */
  stop(): Promise<number | NodeJS.Signals | null>;
  /** kill -9, and a new process in its place. */
  killAndRestart(): Promise<void>;
}

/** The whole platform of one story file: real Kafka, real Postgres, every service a process of its own. */
export class Platform {
  private constructor(
    private stack: Stack,
    /** Where its stack file lies, for tools that find it there. */
    readonly home: string,
    private readonly options: TestStackOptions,
  ) {}

  static async start(options: TestStackOptions = {}): Promise<Platform> {
    const home = await mkdtemp(join(tmpdir(), 'waybill-story-'));
    try {
      return new Platform(await startStack({ ...options, home }), home, options);
    } catch (error) {
      await rm(home, { recursive: true, force: true });
      throw error;
    }
  }

  /** With `keep` the folder of data and logs stays. */
  async stop({ keep = false }: { readonly keep?: boolean } = {}): Promise<void> {
    await this.stack.stop();
    if (!keep) {
      await rm(this.home, { recursive: true, force: true, maxRetries: 5, retryDelay: 200 });
    }
  }

  /** Stops everything in order and starts it again on the same data. */
  async restart(): Promise<void> {
    await this.stack.stop();
    this.stack = await startStack({ ...this.options, home: this.home });
  }

  get customer(): Customer {
    const url = (name: ProgramName) => this.urlsOf(name)[0] ?? '';
    return new Customer({
      orders: url('orders'),
      inventory: url('inventory'),
      shipping: url('shipping'),
      carrier: url('carrier'),
    });
  }

  get brokers(): string {
    return this.stack.kafka.brokers;
  }

  get kafka(): KafkaServer {
    return this.stack.kafka;
  }

  get postgres(): PostgresServer {
    return this.stack.postgres;
  }

  /** What a tool is told of the databases: `WAYBILL_ORDERS_DATABASE_URL` and so on. */
  databaseVariables(): Record<string, string> {
    return Object.fromEntries(
      Object.entries(this.stack.file.postgres).map(([name, url]) => [`WAYBILL_${name.toUpperCase()}_DATABASE_URL`, url]),
    );
  }

  urlsOf(name: ProgramName): string[] {
    return this.stack.file.services.filter((each) => each.name === name).map(({ url }) => url);
  }

  instancesOf(name: ProgramName): number[] {
    return this.stack.file.services.filter((each) => each.name === name).map(({ instance }) => instance);
  }

  pids(): number[] {
    return this.stack.file.services.map(({ pid }) => pid);
  }

  process(name: ProgramName, instance = 1): ServiceProcess {
    const service = this.stack.service(name, instance);
    const signal = (name: NodeJS.Signals) => {
      if (service.pid !== undefined) {
        process.kill(service.pid, name);
      }
    };
    return {
      pause: () => signal('SIGSTOP'),
      resume: () => signal('SIGCONT'),
      kill: async () => {
        await service.kill('SIGKILL');
      },
      start: () => service.start(),
      stop: async () => {
        const exit = await service.stop();
        return exit?.signal ?? exit?.code ?? null;
      },
      killAndRestart: async () => {
        await service.kill('SIGKILL');
        await service.start();
      },
    };
  }

  /** Asks a service's database, as the service itself may. */
  async query(service: Service, text: string, values: unknown[] = []): Promise<Record<string, unknown>[]> {
    const client = new pg.Client({ connectionString: this.stack.file.postgres[service] });
    await client.connect();
    try {
      return (await client.query<Record<string, unknown>>(text, values)).rows;
    } finally {
      await client.end();
    }
  }

  /** Waits until every service has handled every record that stands in the topics it reads. */
  async caughtUp(): Promise<void> {
    const kafka = new Kafka({ clientId: 'e2e', brokers: this.brokers.split(','), logLevel: logLevel.NOTHING });
    const admin = kafka.admin();
    await admin.connect();
    try {
      await until(
        async () => {
          const lags = await Promise.all(services.map((service) => lagOf(admin, service)));
          return lags.every((lag) => lag === 0n);
        },
        { timeoutMs: 60_000, what: 'the services to have read everything' },
      );
    } finally {
      await admin.disconnect();
    }
  }
}

async function lagOf(admin: ReturnType<Kafka['admin']>, service: Service): Promise<bigint> {
  let lag = 0n;
  for (const { topic, partitions } of await admin.fetchOffsets({ groupId: `waybill-${service}` })) {
    if (!Object.values(publishers).some((publisher) => publisher.topic === topic)) {
      continue;
    }
    const ends = new Map((await admin.fetchTopicOffsets(topic)).map(({ partition, high }) => [partition, BigInt(high)]));
    for (const { partition, offset } of partitions) {
      const done = BigInt(offset);
      lag += (ends.get(partition) ?? 0n) - (done < 0n ? 0n : done);
    }
  }
  return lag;
}
