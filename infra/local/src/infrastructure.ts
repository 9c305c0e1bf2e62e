import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { cacheFolder } from './cache-folder.js';
import type { Exit } from './child-program.js';
import { dockerImages } from './docker-engine.js';
import { DockerKafka } from './docker-kafka.js';
import { DockerPostgres } from './docker-postgres.js';
import { checkKafkaData, EmbeddedKafka } from './embedded-kafka.js';
import { checkPostgresData, EmbeddedPostgres } from './embedded-postgres.js';
import type { Choice, ServerName } from './infrastructure-choice.js';
import { findJava } from './java.js';
import { makeClassArchive } from './kafka-class-archive.js';
import { HOW_TO_GET_MAVEN, kafkaJars, kafkaVersion } from './kafka-jars.js';
import type { ManagedServer } from './managed-server.js';
import { postgresBinaries, postgresMajor } from './postgres-binaries.js';
import type { ProcessRoll } from './process-roll.js';
import type { Progress } from './progress.js';
import { runProgram } from './run-program.js';
import { SetUpError } from './set-up-error.js';

export interface KafkaServer extends ManagedServer {
  /** `host:port`, comma-separated. */
  readonly brokers: string;
  /** Of the listener that tells its clients another address; absent where it was not asked for. */
  readonly proxiedPort?: number | undefined;
  /** Or where else to look, in words. */
  readonly logFile: string;
}

export interface PostgresServer extends ManagedServer {
  /** The administrator's, of a server that we started; services have logins of their own. */
  readonly adminUrl: string | undefined;
  readonly logFile: string;
}

export interface InfrastructureOptions {
  readonly home: string;
  readonly roll: ProcessRoll;
  readonly progress: Progress;
  readonly adminPassword: string;
  /** Taken if they are free. */
  readonly kafkaPort?: number;
  readonly postgresPort?: number;
  /** For tests: a second listener of an embedded Kafka, whose clients are told 127.0.0.1:kafkaProxyPort. */
  readonly kafkaProxyPort?: number;
  /** For tests: commits do not wait for the disk. */
  readonly forgetful?: boolean;
  /** Over Postgres' own settings; only for an embedded one. */
  readonly postgresSettings?: Readonly<Record<string, string>>;
  readonly onCrash?: (server: ServerName, exit: Exit) => void;
}

/** What must be there before anything is started; throws one SetUpError that names all that is missing. */
export async function checkInfrastructure(home: string, choice: Choice): Promise<void> {
  const checks: (() => void | Promise<unknown>)[] = [];
  if (choice.kafka === 'embedded') {
    checks.push(() => checkKafkaData(home, kafkaVersion()), () => findJava(), checkMaven);
  }
  if (choice.postgres === 'embedded') {
    checks.push(() => checkPostgresData(home, postgresMajor()));
  }
  const problems: string[] = [];
  for (const check of checks) {
    try {
      await check();
    } catch (error) {
      if (!(error instanceof SetUpError)) {
        throw error;
      }
      problems.push(error.message);
    }
  }
  if (problems.length > 0) {
    throw new SetUpError(problems.join('\n'));
  }
}

/** Maven is only needed once: to fetch the jars. */
async function checkMaven(): Promise<void> {
  if (!existsSync(join(cacheFolder(), `kafka-${kafkaVersion()}`)) && (await runProgram('mvn', ['--version'])).code !== 0) {
    throw new SetUpError(HOW_TO_GET_MAVEN);
  }
}

/** Kafka under the machine's Java. */
export async function startEmbeddedKafka(options: InfrastructureOptions): Promise<EmbeddedKafka> {
  const { home, roll, progress, kafkaPort, kafkaProxyPort, onCrash } = options;
  const java = await findJava();
  const jars = await kafkaJars(progress);
  await makeClassArchive(java, jars, progress);
  return progress.step(`Apache Kafka ${jars.version} started`, async () => {
    const kafka = new EmbeddedKafka({
      home,
      roll,
      java,
      jars,
      preferredPort: kafkaPort,
      proxyPort: kafkaProxyPort,
      onCrash: (exit) => onCrash?.('kafka', exit),
    });
    await kafka.start();
    return kafka;
  });
}

/** Postgres from npm's binaries. */
export async function startEmbeddedPostgres(options: InfrastructureOptions): Promise<EmbeddedPostgres> {
  const { home, roll, progress, adminPassword, postgresPort, forgetful, postgresSettings, onCrash } = options;
  const binaries = await postgresBinaries();
  return progress.step(`PostgreSQL ${binaries.version.replace(/-.*/, '')} started`, async () => {
    const postgres = new EmbeddedPostgres({
      home,
      roll,
      binaries,
      adminPassword,
      preferredPort: postgresPort,
      forgetful,
      settings: postgresSettings,
      onCrash: (exit) => onCrash?.('postgres', exit),
    });
    await postgres.start();
    return postgres;
  });
}

export async function startDockerKafka(options: InfrastructureOptions): Promise<DockerKafka> {
  const { home, progress, kafkaPort } = options;
  const kafka = new DockerKafka(home, kafkaPort);
  await progress.step(`Kafka started in a container (${dockerImages.kafka})`, () => kafka.start());
  return kafka;
}

export async function startDockerPostgres(options: InfrastructureOptions): Promise<DockerPostgres> {
  const { home, progress, postgresPort, adminPassword } = options;
  const postgres = new DockerPostgres(home, postgresPort, adminPassword);
  await progress.step(`PostgreSQL started in a container (${dockerImages.postgres})`, () => postgres.start());
  return postgres;
}
