import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import { findJava, mavenJars, progressOn } from '@waybill/local';
import { until } from '@waybill/testing';
import { stockRecord, TOPIC } from '../event-stock.js';
import { peersFolder } from './peer-packages.js';

const folder = new URL('debezium/', peersFolder);
export const DEBEZIUM_VERSION = '3.0.8.Final';

/** What Debezium needs to run: Java, and its jars in this machine's cache. */
export interface DebeziumProgram {
  readonly java: string;
  readonly classPath: string;
}

export interface DebeziumOptions {
  readonly program: DebeziumProgram;
  readonly databaseUrl: string;
  readonly brokers: string;
  /** Where it remembers how far it has come. */
  readonly offsetsFile: string;
}

/** Headers that its event router does not make of columns. */
const CONSTANT_HEADERS = ['content-type', 'ce_specversion', 'ce_source', 'ce_dataschema'] as const;
const READY_TIMEOUT_MS = 60_000;
const STOP_TIMEOUT_MS = 15_000;

export async function debeziumProgram(say: (line: string) => void): Promise<DebeziumProgram> {
  const { command } = await findJava();
  const { classPath } = await mavenJars(
    {
      title: `Debezium ${DEBEZIUM_VERSION}`,
      name: `debezium-${DEBEZIUM_VERSION}`,
      pom: fileURLToPath(new URL('pom.xml', folder)),
      mainJar: `debezium-embedded-${DEBEZIUM_VERSION}.jar`,
      howToGetMaven: "Debezium's jars are fetched with Maven, and `mvn --version` does not run.",
    },
    progressOn(say),
  );
  return { java: command, classPath };
}

/** One life of Debezium's embedded engine, compiled by Java as it starts. */
export class DebeziumEngine {
  sent = 0;
  /** Milliseconds since 1970 of the last acknowledgement, by Java's clock. */
  lastAt = 0;
  private ready = false;
  private words = '';

  private constructor(private readonly child: ChildProcess) {
    if (child.stdout !== null) {
      createInterface({ input: child.stdout }).on('line', (line) => this.read(line));
    }
    child.stderr?.on('data', (chunk: Buffer) => {
      this.words = (this.words + chunk.toString()).slice(-3_000);
    });
  }

  /** Resolves when the connector's task runs; what is committed from then on, or since the last time, is sent. */
  static async start({ program, databaseUrl, brokers, offsetsFile }: DebeziumOptions): Promise<DebeziumEngine> {
    const { hostname, port, username, password, pathname } = new URL(databaseUrl);
    const { headers } = stockRecord(0);
    const constants = CONSTANT_HEADERS.map((name) => `${name}=${headers[name]}`);
    const connection = [hostname, port, username, decodeURIComponent(password), pathname.slice(1)];
    const source = fileURLToPath(new URL('DebeziumPeer.java', folder));
    const child = spawn(
      program.java,
      ['-Xmx512m', '-Dorg.slf4j.simpleLogger.defaultLogLevel=error', '-cp', program.classPath, source, ...connection, brokers, offsetsFile, TOPIC, ...constants],
      { stdio: ['pipe', 'pipe', 'pipe'] },
    );
    const engine = new DebeziumEngine(child);
    try {
      await until(() => engine.ready || engine.ended, { timeoutMs: READY_TIMEOUT_MS, what: 'Debezium to stream' });
      if (engine.ended) {
        throw new Error(`Debezium ended before it streamed:\n${engine.words}`);
      }
      return engine;
    } catch (error) {
      child.kill('SIGKILL');
      throw error;
    }
  }

  get pid(): number | undefined {
    return this.child.pid;
  }

  async sends(rows: number, timeoutMs: number): Promise<void> {
    await until(() => this.sent >= rows || this.ended, { timeoutMs, intervalMs: 5, what: `Debezium to send ${rows} rows` });
    if (this.sent < rows) {
      throw new Error(`Debezium ended after ${this.sent} of ${rows} rows:\n${this.words}`);
    }
  }

  async stop(): Promise<void> {
    if (this.ended) {
      return;
    }
    const exited = once(this.child, 'exit');
    this.child.stdin?.end();
    const timer = setTimeout(() => this.child.kill('SIGKILL'), STOP_TIMEOUT_MS);
    await exited;
    clearTimeout(timer);
  }

  private get ended(): boolean {
    return this.child.exitCode !== null || this.child.signalCode !== null;
  }

  private read(line: string): void {
    if (line === 'ready') {
      this.ready = true;
    }
    const match = /^sent (\d+) (\d+)$/.exec(line);
    if (match !== null) {
      this.sent = Number(match[1]);
      this.lastAt = Number(match[2]);
    }
  }
}
