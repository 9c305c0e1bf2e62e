import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { until } from '@waybill/testing';
import type { DebeziumProgram } from './debezium-program.js';

/** As in the `config` that Kafka Connect is given. */
export type ConnectorSettings = Readonly<Record<string, string>>;

export interface DebeziumOptions {
  readonly program: DebeziumProgram;
  readonly brokers: string;
  /** Where each connector remembers how far it has come. */
  readonly folder: string;
  /** Each with a name of its own. */
  readonly connectors: readonly ConnectorSettings[];
}

const READY_TIMEOUT_MS = 60_000;
const STOP_TIMEOUT_MS = 15_000;

/** One life of Debezium's embedded engine, in a process of its own. */
export class DebeziumEngine {
  sent = 0;
  /** Milliseconds since 1970 of the last acknowledgement, by Java's clock. */
  lastAt = 0;
  private ready = 0;
  private words = '';

  private constructor(private readonly child: ChildProcess) {
    if (child.stdout !== null) {
      createInterface({ input: child.stdout }).on('line', (line) => this.read(line));
    }
    child.stderr?.on('data', (chunk: Buffer) => {
      this.words = (this.words + chunk.toString()).slice(-3_000);
    });
  }

  /** Resolves when every connector's task runs; what is committed from then on, or since the last time, is sent. */
  static async start({ program, brokers, folder, connectors }: DebeziumOptions): Promise<DebeziumEngine> {
    const files = await Promise.all(connectors.map((connector) => writeSettings(folder, brokers, connector)));
    const { java, classPath, source } = program;
    const child = spawn(
      java,
      ['-Xmx512m', '-Dorg.slf4j.simpleLogger.defaultLogLevel=error', '-cp', classPath, source, ...files],
      { stdio: ['pipe', 'pipe', 'pipe'] },
    );
    const engine = new DebeziumEngine(child);
    try {
      await until(() => engine.ready === connectors.length || engine.ended, {
        timeoutMs: READY_TIMEOUT_MS,
        what: 'Debezium to stream',
      });
      if (engine.ended) {
        throw new Error(`Debezium ended before it streamed:\n${engine.words}`);
      }
      return engine;
    } catch (error) {
      child.kill('SIGKILL');
      throw error;
    } finally {
      // They hold the password, and have been read.
      await Promise.all(files.map((file) => rm(file)));
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

  /** Its last words, where it has ended by itself. */
  get failure(): string | undefined {
    return this.ended ? this.words : undefined;
  }

  private get ended(): boolean {
    return this.child.exitCode !== null || this.child.signalCode !== null;
  }

  private read(line: string): void {
    if (line === 'ready') {
      this.ready += 1;
    }
    const match = /^sent (\d+) (\d+)$/.exec(line);
    if (match !== null) {
      this.sent = Number(match[1]);
      this.lastAt = Number(match[2]);
    }
  }
}

/** What Kafka Connect's worker would add. */
async function writeSettings(folder: string, brokers: string, connector: ConnectorSettings): Promise<string> {
  const name = connector['name'] ?? '';
  const file = join(folder, `${name}.json`);
  const settings = {
    'bootstrap.servers': brokers,
    'offset.storage': 'org.apache.kafka.connect.storage.FileOffsetBackingStore',
    'offset.storage.file.filename': join(folder, `${name}.offsets`),
    'offset.flush.interval.ms': '1000',
    ...connector,
  };
  await writeFile(file, JSON.stringify(settings), { mode: 0o600 });
  return file;
}
