import { type ChildProcess, fork } from 'node:child_process';
import { once } from 'node:events';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import type { Answer, Question } from './worker-channel.js';

export interface WorkerOptions {
  /** A module that calls `serve` of worker-channel.ts, or speaks as it does. */
  readonly program: URL;
  /** Handed over as JSON. */
  readonly settings: object;
  /** Over this process's environment. */
  readonly env?: Readonly<Record<string, string>>;
}

interface Waiting {
  readonly resolve: (result: unknown) => void;
  readonly reject: (error: Error) => void;
}

const READY_TIMEOUT_MS = 30_000;
const EXIT_TIMEOUT_MS = 5_000;

/** A process of its own in which something is measured; it ends with this one at the latest. */
export class Worker {
  private readonly waiting = new Map<number, Waiting>();
  private asked = 0;

  private constructor(
    private readonly child: ChildProcess,
    private readonly name: string,
  ) {
    child.on('message', (answer: Answer) => this.take(answer));
    child.once('exit', (code, signal) => this.fail(new Error(`${name} ended with ${signal ?? `exit code ${code}`}`)));
  }

  static async start({ program, settings, env = {} }: WorkerOptions): Promise<Worker> {
    const file = fileURLToPath(program);
    const child = fork(file, [JSON.stringify(settings)], {
      serialization: 'advanced',
      // Of what it says on stdout nothing may get into the report.
      stdio: ['ignore', process.stderr, process.stderr, 'ipc'],
      env: { ...process.env, KAFKAJS_NO_PARTITIONER_WARNING: '1', ...env },
    });
    const worker = new Worker(child, file.split('/').at(-1) ?? file);
    try {
      await Promise.race([
        once(child, 'message'),
        once(child, 'exit').then(() => {
          throw new Error(`${worker.name} ended before it was ready`);
        }),
        sleep(READY_TIMEOUT_MS, undefined, { ref: false }).then(() => {
          throw new Error(`${worker.name} was not ready in time`);
        }),
      ]);
      return worker;
    } catch (error) {
      child.kill('SIGKILL');
      throw error;
    }
  }

  get pid(): number {
    return this.child.pid ?? 0;
  }

  /** What the process answers to a command; rejects with its error, or when it ends. */
  ask<T>(name: string, argument?: unknown): Promise<T> {
    const id = ++this.asked;
    return new Promise<T>((resolve, reject) => {
      this.waiting.set(id, { resolve: resolve as (result: unknown) => void, reject });
      this.child.send({ id, name, argument } satisfies Question);
    });
  }

  /** Hangs up, upon which it ends; kills what does not. */
  async stop(): Promise<void> {
    if (this.child.exitCode !== null || this.child.signalCode !== null) {
      return;
    }
    const exited = once(this.child, 'exit');
    this.child.disconnect();
    const timer = setTimeout(() => this.child.kill('SIGKILL'), EXIT_TIMEOUT_MS);
    await exited;
    clearTimeout(timer);
  }

  private take(answer: Answer): void {
    if (answer.kind === 'ready') {
      return;
    }
    const waiting = this.waiting.get(answer.id);
    this.waiting.delete(answer.id);
    if (answer.kind === 'answer') {
      waiting?.resolve(answer.result);
    } else {
      waiting?.reject(new Error(`${this.name}: ${answer.message}`));
    }
  }

  private fail(error: Error): void {
    for (const { reject } of this.waiting.values()) {
      reject(error);
    }
    this.waiting.clear();
  }
}
