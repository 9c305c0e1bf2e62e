import { setTimeout as sleep } from 'node:timers/promises';
import { ChildProgram, type Exit, type Program } from './child-program.js';
import { messageOf } from './error-message.js';
import type { ProcessRoll } from './process-roll.js';
import { RestartBackoff } from './restart-backoff.js';
import { ServerStartError } from './server-start.js';
import { labelOf, type Slot } from './services.js';
import { SET_UP_EXIT_CODE, SetUpError } from './set-up-error.js';

export interface SupervisedServiceOptions {
  readonly slot: Slot;
  readonly program: Program;
  readonly roll: ProcessRoll;
  /** Start it again when it has ended by itself. */
  readonly restart: boolean;
  /** For a person: what happened to it. */
  readonly notice: (text: string) => void;
  readonly onLine: (line: string) => void;
  /** Its pid has changed. */
  readonly onChange: () => void;
  readonly stopGraceMs: number;
  /** Asked at each launch for what is laid over the program's environment; an error means no launch. */
  readonly envOf?: ((env: NodeJS.ProcessEnv) => ServiceEnvironment | Promise<ServiceEnvironment>) | undefined;
  /** Asked at each launch for the program's arguments; absent: those of `program`. */
  readonly argsOf?: (() => readonly string[]) | undefined;
}

export type ServiceEnvironment = Readonly<Record<string, string>>;

const READY_TIMEOUT_MS = 120_000;
const READY_POLL_MS = 100;
const PROBE_TIMEOUT_MS = 2_000;
const LAST_LINES = 12;

/**
 * One service process and its life: started, watched, started again.
 *
 *   stopped --start--> running --ends by itself--> crashed --after a pause--> running
 *      ^                  |                            |
 *      +------stop--------+-------------stop-----------+
 */
export class SupervisedService {
  private child: ChildProgram | undefined;
  private wanted = false;
  /** Whoever called `start` is told of an end; nobody else needs to be. */
  private starting = false;
  /** The pid that npm run dev runs in this place, 0 while there is none. */
  private lentTo: number | undefined;
  private pause = new AbortController();
  private readonly backoff = new RestartBackoff();
  private readonly lastLines: string[] = [];

  constructor(private readonly options: SupervisedServiceOptions) {
    options.program.log.follow((line) => {
      options.onLine(line);
      this.lastLines.push(line);
      this.lastLines.splice(0, this.lastLines.length - LAST_LINES);
    });
  }

  get slot(): Slot {
    return this.options.slot;
  }

  get logFile(): string {
    return this.options.program.log.path;
  }

  /** Of the process that does the service's work now; undefined while there is none. */
  get pid(): number | undefined {
    return this.lentTo || this.child?.pid;
  }

  /** Starts it and waits until it is ready. Rejects if it ends before. */
  async start(): Promise<void> {
    if (this.child !== undefined || this.starting) {
      throw new Error(`${labelOf(this.slot)} runs already (pid ${this.child?.pid ?? 0})`);
    }
    this.pause.abort();
    this.wanted = true;
    this.starting = true;
    try {
      const env = await this.environment();
      if (!this.wanted) {
        throw new Error(`${labelOf(this.slot)} was stopped while it was being started`);
      }
      await this.untilReady(this.launch(env));
    } catch (error) {
      await this.stop();
      throw error;
    } finally {
      this.starting = false;
    }
  }

  /** In order, with all it has in hand; it stays down until `start`. Answers how it ended, if it ran. */
  async stop(): Promise<Exit | undefined> {
    this.wanted = false;
    this.pause.abort();
    const { child } = this;
    this.child = undefined;
    const exit = await child?.stop(this.options.stopGraceMs);
    this.options.onChange();
    return exit;
  }

  /** Sends a signal, as a fault would: what becomes of it is decided as after any crash. */
  async kill(signal: NodeJS.Signals = 'SIGKILL'): Promise<Exit | undefined> {
    this.child?.signal(signal);
    return this.child?.exited;
  }

  /** Makes room for the process of `npm run dev` as long as there is a claim, and takes the place back afterwards. */
  async giveWayTo(claim: { readonly servicePid: number } | undefined): Promise<void> {
    if (claim === undefined) {
      await this.takeBack();
      return;
    }
    if (this.lentTo === undefined) {
      this.lentTo = 0;
      this.options.notice(`${labelOf(this.slot)} makes room for npm run dev.`);
      await this.stop();
    }
    if (this.lentTo !== claim.servicePid) {
      this.lentTo = claim.servicePid;
      this.options.onChange();
    }
  }

  private async takeBack(): Promise<void> {
    if (this.lentTo === undefined) {
      return;
    }
    this.lentTo = undefined;
    this.options.notice(`${labelOf(this.slot)} takes its place back.`);
    try {
      await this.start();
    } catch (error) {
      this.options.notice(messageOf(error));
    }
  }

  async isReady(): Promise<boolean> {
    try {
      const response = await fetch(`${this.slot.url}/health/ready`, { signal: AbortSignal.timeout(PROBE_TIMEOUT_MS) });
      await response.arrayBuffer();
      return response.status === 200;
    } catch {
      return false;
    }
  }

  private async environment(): Promise<NodeJS.ProcessEnv> {
    const { program, envOf } = this.options;
    return envOf === undefined ? program.env : { ...program.env, ...(await envOf({ ...program.env })) };
  }

  private launch(env: NodeJS.ProcessEnv): ChildProgram {
    const { program, roll, onChange, argsOf } = this.options;
    this.lastLines.length = 0;
    const startedAt = performance.now();
    const child = ChildProgram.start({ ...program, args: argsOf?.() ?? program.args, env }, roll);
    this.child = child;
    void child.exited.then((exit) => this.noticeExit(child, exit, performance.now() - startedAt));
    onChange();
    return child;
  }

  private async untilReady(child: ChildProgram): Promise<void> {
    const end = performance.now() + READY_TIMEOUT_MS;
    while (!(await this.isReady())) {
      if (child.exit !== undefined) {
        throw this.startFailure(child.exit);
      }
      if (performance.now() >= end) {
        const last = this.lastLines.join('\n');
        throw new ServerStartError(`${labelOf(this.slot)} was not ready within ${READY_TIMEOUT_MS} ms`, last, this.logFile);
      }
      await sleep(READY_POLL_MS);
    }
  }

  private startFailure(exit: Exit): Error {
    const words = this.lastLines.join('\n');
    return exit.code === SET_UP_EXIT_CODE
      ? new SetUpError(`${labelOf(this.slot)} refuses its configuration:\n${words}`)
      : new ServerStartError(`${labelOf(this.slot)} ended with ${nameOf(exit)} instead of starting`, words, this.logFile);
  }

  private noticeExit(child: ChildProgram, exit: Exit, ranForMs: number): void {
    if (this.child !== child) {
      return;
    }
    this.child = undefined;
    this.options.onChange();
    if (!this.wanted || this.starting) {
      return;
    }
    const after = `${(ranForMs / 1_000).toFixed(1)} s`;
    if (!this.options.restart) {
      this.options.notice(`${labelOf(this.slot)} ended with ${nameOf(exit)} after ${after}. It stays down (--no-restart).`);
      return;
    }
    const pauseMs = this.backoff.nextMs(ranForMs);
    this.options.notice(
      `${labelOf(this.slot)} ended with ${nameOf(exit)} after ${after}. Starting it again in ${pauseMs / 1_000} s; its log: ${this.logFile}`,
    );
    void this.restartAfter(pauseMs);
  }

  private async restartAfter(pauseMs: number): Promise<void> {
    this.pause = new AbortController();
    const { signal } = this.pause;
    let env: NodeJS.ProcessEnv;
    try {
      await sleep(pauseMs, undefined, { signal });
      env = await this.environment();
    } catch (error) {
      if (!signal.aborted) {
        this.options.notice(`${labelOf(this.slot)} stays down: ${messageOf(error)}`);
      }
      return;
    }
    if (signal.aborted) {
      return;
    }
    const child = this.launch(env);
    try {
      await this.untilReady(child);
      this.options.notice(`${labelOf(this.slot)} is ready again (pid ${child.pid ?? 0}).`);
    } catch {
      // Its end is noticed where every end is.
    }
  }
}

function nameOf({ code, signal }: Exit): string {
  return signal ?? `exit code ${code}`;
}
