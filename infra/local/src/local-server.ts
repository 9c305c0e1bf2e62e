import { setTimeout as sleep } from 'node:timers/promises';
import type { ChildProgram, Exit } from './child-program.js';
import { freePort, isFree } from './free-port.js';
import type { ManagedServer } from './managed-server.js';
import { ServerStartError } from './server-start.js';

export interface LocalServerOptions {
  readonly startOn: (port: number) => Promise<ChildProgram>;
  /** Taken at the first attempt if it is free. */
  readonly preferredPort: number | undefined;
  /** True if the words of a start that failed are about a port or a folder that another process holds. */
  readonly isAboutItsPlace: (output: string) => boolean;
  /** Called when it ends although nobody told it to. */
  readonly onCrash: ((exit: Exit) => void) | undefined;
}

const START_ATTEMPTS = 20;
const RETRY_PAUSE_MS = 250;
const STOP_TIMEOUT_MS = 15_000;

/** A server program of this machine. Its first start chooses a port; later ones keep it, because clients know it. */
export class LocalServer implements ManagedServer {
  private child: ChildProgram | undefined;
  private usedPort: number | undefined;

  constructor(private readonly options: LocalServerOptions) {}

  get pid(): number | undefined {
    return this.child?.pid;
  }

  get port(): number {
    if (this.usedPort === undefined) {
      throw new Error('a server has no address before its first start');
    }
    return this.usedPort;
  }

  async start(): Promise<void> {
    for (let attempt = 1; ; attempt += 1) {
      const port = this.usedPort ?? (await this.choosePort(attempt));
      try {
        const child = await this.options.startOn(port);
        this.usedPort = port;
        this.child = child;
        void child.exited.then((exit) => this.noticeExit(child, exit));
        return;
      } catch (error) {
        // A port that was free a moment ago, or a predecessor that has not quite let go of the folder.
        const mayHelp = error instanceof ServerStartError && this.options.isAboutItsPlace(error.output);
        if (!mayHelp || attempt === START_ATTEMPTS) {
          throw error;
        }
        await sleep(RETRY_PAUSE_MS);
      }
    }
  }

  async stop(timeoutMs = STOP_TIMEOUT_MS): Promise<void> {
    const child = this.child;
    this.child = undefined;
    await child?.stop(timeoutMs);
  }

  async kill(): Promise<void> {
    const child = this.child;
    this.child = undefined;
    await child?.kill();
  }

  private noticeExit(child: ChildProgram, exit: Exit): void {
    if (this.child === child) {
      this.child = undefined;
      this.options.onCrash?.(exit);
    }
  }

  private async choosePort(attempt: number): Promise<number> {
    const { preferredPort } = this.options;
    return preferredPort !== undefined && attempt === 1 && (await isFree(preferredPort)) ? preferredPort : freePort();
  }
}
