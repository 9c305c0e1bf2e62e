import { randomBytes } from 'node:crypto';
import { existsSync, mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { ChildProgram, Exit } from './child-program.js';
import { freePort } from './free-port.js';
import type { Java } from './java.js';
import { classArchiveFile, type KafkaJars } from './kafka-jars.js';
import { LocalServer } from './local-server.js';
import { LogFile } from './log-file.js';
import type { ManagedServer } from './managed-server.js';
import type { ProcessRoll } from './process-roll.js';
import { ProgramError, runProgram } from './run-program.js';
import { startServer } from './server-start.js';
import { SetUpError } from './set-up-error.js';

export interface EmbeddedKafkaOptions {
  readonly home: string;
  readonly roll: ProcessRoll;
  readonly java: Java;
  readonly jars: KafkaJars;
  /** Taken if it is free, else another one is chosen. */
  readonly preferredPort?: number | undefined;
  /** Opens a second listener, whose clients are told 127.0.0.1:proxyPort: whoever listens there stands between. */
  readonly proxyPort?: number | undefined;
  readonly onCrash?: ((exit: Exit) => void) | undefined;
  readonly jvmOptions?: readonly string[];
}

const TEMPLATE = new URL('../server.properties.template', import.meta.url);
const PROXIED_LISTENER = `
# A second way in, for tests. Of two values of a setting the last one holds.
listeners=PLAINTEXT://127.0.0.1:@PORT@,CONTROLLER://127.0.0.1:@CONTROLLER_PORT@,PROXIED://127.0.0.1:@PROXIED_PORT@
advertised.listeners=PLAINTEXT://127.0.0.1:@PORT@,PROXIED://127.0.0.1:@PROXY_PORT@
listener.security.protocol.map=PLAINTEXT:PLAINTEXT,CONTROLLER:PLAINTEXT,PROXIED:PLAINTEXT
`;
const READY_TIMEOUT_MS = 90_000;

/** C1 and the serial collector: half the CPU at start and the least memory, on a machine that runs ten programs more. */
const JVM = ['-XX:+UseSerialGC', '-XX:TieredStopAtLevel=1', '-Xshare:auto'];
const LOGGING = [
  '-Dorg.slf4j.simpleLogger.defaultLogLevel=warn',
  '-Dorg.slf4j.simpleLogger.showDateTime=true',
  '-Dorg.slf4j.simpleLogger.dateTimeFormat=HH:mm:ss.SSS',
  // It prints the line that says the broker is ready.
  '-Dorg.slf4j.simpleLogger.log.kafka.server.KafkaRaftServer=info',
];

/** One real Apache Kafka node (KRaft, broker and controller) from jars, bound to 127.0.0.1. */
export class EmbeddedKafka implements ManagedServer {
  private readonly folder: string;
  private readonly log: LogFile;
  private readonly server: LocalServer;
  private usedProxiedPort: number | undefined;

  constructor(private readonly options: EmbeddedKafkaOptions) {
    this.folder = join(options.home, 'kafka');
    this.log = new LogFile(join(options.home, 'logs', 'kafka.log'));
    this.server = new LocalServer({
      startOn: (port) => this.startOn(port),
      preferredPort: options.preferredPort,
      isAboutItsPlace: (output) => /Address already in use|BindException|Failed to acquire lock/.test(output),
      onCrash: options.onCrash,
    });
  }

  get pid(): number | undefined {
    return this.server.pid;
  }

  get brokers(): string {
    return `127.0.0.1:${this.server.port}`;
  }

  /** Where the second listener really is; it stays through stop and start, too. */
  get proxiedPort(): number | undefined {
    return this.usedProxiedPort;
  }

  get logFile(): string {
    return this.log.path;
  }

  start(): Promise<void> {
    return this.server.start();
  }

  stop(timeoutMs?: number): Promise<void> {
    return this.server.stop(timeoutMs);
  }

  kill(): Promise<void> {
    return this.server.kill();
  }

  private async startOn(port: number): Promise<ChildProgram> {
    const proxiedPort = this.options.proxyPort === undefined ? undefined : (this.usedProxiedPort ?? (await freePort()));
    const properties = this.writeProperties(port, await freePort(), proxiedPort);
    await this.formatOnce(properties);
    const child = await startServer(
      {
        name: 'kafka',
        command: this.options.java.command,
        args: ['-Xmx256m', ...this.jvm(), 'kafka.Kafka', properties],
        cwd: this.folder,
        env: process.env,
        log: this.log,
        stopSignal: 'SIGTERM',
      },
      { readyLine: 'Kafka Server started', timeoutMs: READY_TIMEOUT_MS },
      this.options.roll,
    );
    this.usedProxiedPort = proxiedPort;
    return child;
  }

  private jvm(): string[] {
    const { java, jars, jvmOptions } = this.options;
    const archive = classArchiveFile(java, jars);
    const archiveOptions = jvmOptions === undefined && existsSync(archive) ? [`-XX:SharedArchiveFile=${archive}`] : [];
    return [...JVM, ...archiveOptions, ...(jvmOptions ?? []), ...LOGGING, '-cp', jars.classPath];
  }

  private writeProperties(port: number, controllerPort: number, proxiedPort: number | undefined): string {
    mkdirSync(this.folder, { recursive: true, mode: 0o700 });
    const file = join(this.folder, 'server.properties');
    const text = `${readFileSync(TEMPLATE, 'utf8')}${proxiedPort === undefined ? '' : PROXIED_LISTENER}`
      .replaceAll('@PORT@', String(port))
      .replaceAll('@CONTROLLER_PORT@', String(controllerPort))
      .replaceAll('@PROXIED_PORT@', String(proxiedPort))
      .replaceAll('@PROXY_PORT@', String(this.options.proxyPort))
      // In a properties file a backslash starts an escape.
      .replaceAll('@DATA@', join(this.folder, 'data').replaceAll('\\', '\\\\'));
    writeFileSync(file, text);
    return file;
  }

  /** The version is written last: data without it was left half-made and holds nothing yet. */
  private async formatOnce(properties: string): Promise<void> {
    const versionFile = join(this.folder, 'version');
    if (existsSync(versionFile)) {
      return;
    }
    rmSync(join(this.folder, 'data'), { recursive: true, force: true });
    const clusterId = randomBytes(16).toString('base64url').replace(/^-/, 'A');
    const result = await runProgram(this.options.java.command, [
      ...this.jvm().filter((option) => !option.startsWith('-XX:ArchiveClassesAtExit')),
      'kafka.tools.StorageTool',
      'format',
      '-t',
      clusterId,
      '-c',
      properties,
    ]);
    if (result.code !== 0) {
      throw new ProgramError(`Kafka's folder ${this.folder} could not be formatted`, result);
    }
    writeFileSync(versionFile, `${this.options.jars.version}\n`);
  }
}

/** Throws when the data of a home was written by another Kafka. */
export function checkKafkaData(home: string, version: string): void {
  const versionFile = join(home, 'kafka', 'version');
  const found = existsSync(versionFile) ? readFileSync(versionFile, 'utf8').trim() : version;
  if (found !== version) {
    throw new SetUpError(
      `The data in ${join(home, 'kafka')} was written by Kafka ${found}, this is Kafka ${version}. Forget it with \`npm start -- --fresh\`, or point WAYBILL_HOME at another folder.`,
    );
  }
}
