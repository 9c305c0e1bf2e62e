import { EmbeddedKafka } from './embedded-kafka.js';
import { EmbeddedPostgres } from './embedded-postgres.js';
import { findJava } from './java.js';
import { makeClassArchive } from './kafka-class-archive.js';
import { kafkaJars } from './kafka-jars.js';
import type { ManagedServer } from './managed-server.js';
import { postgresBinaries } from './postgres-binaries.js';
import type { ProcessRoll } from './process-roll.js';
import type { Progress } from './progress.js';

export interface KafkaServer extends ManagedServer {
  /** `host:port`, comma-separated. */
  readonly brokers: string;
}

export interface PostgresServer extends ManagedServer {
  /** The administrator's; services have users of their own. */
  readonly adminUrl: string;
}

export interface Infrastructure {
  readonly kafka: KafkaServer;
  readonly postgres: PostgresServer;
  stop(): Promise<void>;
}

export interface EmbeddedOptions {
  readonly home: string;
  readonly roll: ProcessRoll;
  readonly progress: Progress;
  readonly adminPassword: string;
  readonly kafkaPort?: number;
  readonly postgresPort?: number;
  /** For tests: commits do not wait for the disk. */
  readonly forgetful?: boolean;
}

/** Kafka under the machine's Java and Postgres from npm's binaries, started side by side. */
export async function startEmbedded(options: EmbeddedOptions): Promise<Infrastructure> {
  const started: ManagedServer[] = [];
  const stop = async () => {
    await Promise.all(started.map((server) => server.stop()));
  };
  const outcomes = await Promise.allSettled([startKafka(options, started), startPostgres(options, started)]);
  const [kafka, postgres] = outcomes;
  if (kafka.status === 'fulfilled' && postgres.status === 'fulfilled') {
    return { kafka: kafka.value, postgres: postgres.value, stop };
  }
  await stop();
  throw outcomes.find((outcome) => outcome.status === 'rejected')?.reason;
}

async function startKafka(options: EmbeddedOptions, started: ManagedServer[]): Promise<EmbeddedKafka> {
  const { home, roll, progress, kafkaPort } = options;
  const java = await findJava();
  const jars = await kafkaJars(progress);
  await makeClassArchive(java, jars, progress);
  return progress.step(`Apache Kafka ${jars.version} started`, async () => {
    const kafka = new EmbeddedKafka({
      home,
      roll,
      java,
      jars,
      ...(kafkaPort === undefined ? {} : { preferredPort: kafkaPort }),
    });
    started.push(kafka);
    await kafka.start();
    return kafka;
  });
}

async function startPostgres(options: EmbeddedOptions, started: ManagedServer[]): Promise<EmbeddedPostgres> {
  const { home, roll, progress, adminPassword, postgresPort, forgetful } = options;
  const binaries = await postgresBinaries();
  return progress.step(`PostgreSQL ${binaries.version} started`, async () => {
    const postgres = new EmbeddedPostgres({
      home,
      roll,
      binaries,
      adminPassword,
      ...(postgresPort === undefined ? {} : { preferredPort: postgresPort }),
      ...(forgetful === undefined ? {} : { forgetful }),
    });
    started.push(postgres);
    await postgres.start();
    return postgres;
  });
}
