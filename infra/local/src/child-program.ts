import { type ChildProcess, spawn } from 'node:child_process';
import { closeSync } from 'node:fs';
import { setTimeout as sleep } from 'node:timers/promises';
import type { LogFile } from './log-file.js';
import type { ProcessRoll } from './process-roll.js';

export interface Program {
  readonly name: string;
  readonly command: string;
  readonly args: readonly string[];
  readonly cwd: string;
  readonly env: NodeJS.ProcessEnv;
  readonly log: LogFile;
  /** What asks it to end. */
  readonly stopSignal: NodeJS.Signals;
  readonly uid?: number;
  readonly gid?: number;
}

export interface Exit {
  readonly code: number | null;
  readonly signal: NodeJS.Signals | null;
}

/** One run of a program: on the roll from its start to its end, its output in a file. */
export class ChildProgram {
  /** Resolves when it has ended, for whatever reason; never rejects. */
  readonly exited: Promise<Exit>;
  exit: Exit | undefined;
  private readonly child: ChildProcess;

  static start(program: Program, roll: ProcessRoll): ChildProgram {
    return new ChildProgram(program, roll);
  }

  private constructor(
    private readonly program: Program,
    private readonly roll: ProcessRoll,
  ) {
    roll.admit(program.name);
    const output = program.log.openForAppending();
    try {
      this.child = spawn(program.command, program.args, {
        cwd: program.cwd,
        env: program.env,
        stdio: ['ignore', output, output],
        // A process group of its own: Ctrl-C reaches the stack's owner only, who stops things in order.
        detached: true,
        ...(program.uid === undefined ? {} : { uid: program.uid }),
        ...(program.gid === undefined ? {} : { gid: program.gid }),
      });
    } finally {
      closeSync(output);
    }
    this.exited = new Promise((resolve) => {
      const ended = (exit: Exit) => {
        this.exit = exit;
        if (this.child.pid !== undefined) {
          roll.remove(this.child.pid);
        }
        program.log.read();
        resolve(exit);
      };
      this.child.once('exit', (code, signal) => ended({ code, signal }));
      this.child.once('error', () => ended({ code: 127, signal: null }));
    });
    if (this.child.pid !== undefined) {
      roll.add(program.name, this.child.pid, program.stopSignal);
    }
  }

  get pid(): number | undefined {
    return this.exit === undefined ? this.child.pid : undefined;
  }

  signal(signal: NodeJS.Signals): void {
    if (this.exit === undefined) {
      this.child.kill(signal);
    }
  }

  /** Asks it to end and waits for that; kills it when it has not after `graceMs`. */
  async stop(graceMs: number): Promise<Exit> {
    this.signal(this.program.stopSignal);
    const waiting = new AbortController();
    const inTime = await Promise.race([
      this.exited,
      sleep(graceMs, undefined, { signal: waiting.signal, ref: false }).catch(() => undefined),
    ]);
    waiting.abort();
    if (inTime === undefined) {
      this.signal('SIGKILL');
    }
    return this.exited;
  }

  async kill(): Promise<Exit> {
    this.signal('SIGKILL');
    return this.exited;
  }
}
