import { spawn } from 'node:child_process';

export interface ProgramResult {
  readonly code: number | null;
  /** stdout and stderr as they came. */
  readonly output: string;
}

/** A program that we ran has failed. The message has its words: there is nothing to learn from a stack trace of ours. */
export class ProgramError extends Error {
  readonly code = 'PROGRAM';

  constructor(what: string, { code, output }: ProgramResult) {
    super(`${what} (exit code ${code}). It said:\n${output.trim().slice(-LAST_WORDS)}`);
    this.name = 'ProgramError';
  }
}

export interface RunOptions {
  readonly cwd?: string;
  readonly env?: NodeJS.ProcessEnv;
  readonly uid?: number;
  readonly gid?: number;
  readonly timeoutMs?: number;
}

const MOST_OUTPUT = 100_000;
const LAST_WORDS = 3_000;

/** Runs a program to its end. A program that does not exist ends with code 127, as in a shell. */
export function runProgram(command: string, args: readonly string[], options: RunOptions = {}): Promise<ProgramResult> {
  return new Promise((resolve) => {
    const { timeoutMs, ...spawnOptions } = options;
    const child = spawn(command, args, {
      stdio: ['ignore', 'pipe', 'pipe'],
      ...spawnOptions,
      ...(timeoutMs === undefined ? {} : { timeout: timeoutMs }),
    });
    let output = '';
    const collect = (chunk: Buffer) => {
      output = (output + chunk.toString()).slice(-MOST_OUTPUT);
    };
    child.stdout.on('data', collect);
    child.stderr.on('data', collect);
    child.once('error', (error) => resolve({ code: 127, output: output + error.message }));
    child.once('close', (code) => resolve({ code, output }));
  });
}
