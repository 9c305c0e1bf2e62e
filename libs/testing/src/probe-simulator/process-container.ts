import { type ChildProcess, spawn } from 'node:child_process';
import type { Container } from './probe-simulator.js';

export interface ProcessContainerOptions {
  readonly command: string;
  readonly args: readonly string[];
  readonly env: NodeJS.ProcessEnv;
  readonly cwd?: string;
  readonly onLine?: (line: string) => void;
}

/** A process of this machine in the place of a container. */
export class ProcessContainer implements Container {
  private child: ChildProcess | undefined;
  private end: Promise<string> = Promise.resolve('never started');
  private readonly killChild = () => void this.child?.kill('SIGKILL');

  constructor(private readonly options: ProcessContainerOptions) {}

  get pid(): number | undefined {
    return this.child?.pid;
  }

  async start(): Promise<void> {
    const { command, args, env, cwd, onLine } = this.options;
    const child = spawn(command, [...args], { env, ...(cwd === undefined ? {} : { cwd }), stdio: ['ignore', 'pipe', 'pipe'] });
    this.child = child;
    for (const stream of [child.stdout, child.stderr]) {
      let rest = '';
      stream.setEncoding('utf8').on('data', (text: string) => {
        const lines = (rest + text).split('\n');
        rest = lines.pop() ?? '';
        lines.forEach((line) => onLine?.(line));
      });
    }
    // Whoever runs the simulator may die without a word; what it has started must not outlive it.
    process.once('exit', this.killChild);
    this.end = new Promise((resolve) => {
      child.once('exit', (code, signal) => {
        process.removeListener('exit', this.killChild);
        resolve(signal ?? `exit code ${code}`);
      });
      child.once('error', (error) => resolve(error.message));
    });
    await new Promise<void>((resolve, reject) => child.once('spawn', resolve).once('error', reject));
  }

  signal(name: NodeJS.Signals): void {
    this.child?.kill(name);
  }

  ended(): Promise<string> {
    return this.end;
  }
}
