import { type ChildProcess, spawn } from 'node:child_process';
import { join } from 'node:path';
import { ChildProgram } from './child-program.js';
import { claimPlace } from './dev-claim.js';
import type { DevOptions } from './dev-options.js';
import { LogFile } from './log-file.js';
import type { ProcessRoll } from './process-roll.js';
import { painter, renderLogLine } from './service-log-line.js';
import { labelOf } from './services.js';
import { repository } from './stack-file.js';

const STOP_TIMEOUT_MS = 30_000;
/** What the compiler says when it has written a build that works. */
const BUILT = 'Found 0 errors';

/** The compiler in watch mode, and the service as it was last built without an error. */
export class DevSession {
  private compiler: ChildProcess | undefined;
  private service: ChildProgram | undefined;
  private changing = Promise.resolve();
  private readonly log: LogFile;
  private readonly paint = painter(process.stdout.isTTY && !process.env['NO_COLOR']);

  constructor(
    private readonly options: DevOptions,
    private readonly home: string,
    private readonly roll: ProcessRoll,
    private readonly env: NodeJS.ProcessEnv,
  ) {
    this.log = new LogFile(join(home, 'logs', `${labelOf(options)}.dev.log`));
    this.log.follow((line) => console.log(renderLogLine(line, this.paint)));
  }

  /** Resolves with the exit code when a signal came or the compiler ended. */
  run(): Promise<number> {
    return new Promise((resolve) => {
      const tsc = join(repository, 'node_modules', '@typescript', 'native', 'bin', 'tsc');
      const project = join(repository, 'apps', this.options.name);
      this.compiler = spawn(process.execPath, [tsc, '-b', project, '--watch', '--preserveWatchOutput'], {
        cwd: repository,
        stdio: ['ignore', 'pipe', 'inherit'],
      });
      this.compiler.stdout?.on('data', (chunk: Buffer) => {
        const text = chunk.toString();
        process.stdout.write(this.paint('2', text));
        if (text.includes(BUILT)) {
          this.changing = this.changing.then(() => this.restart());
        }
      });
      this.compiler.once('exit', (code) => resolve(code ?? 1));
      process.on('SIGINT', () => resolve(130));
      process.on('SIGTERM', () => resolve(0));
    });
  }

  async end(): Promise<void> {
    this.compiler?.kill();
    this.roll.refuse();
    await this.changing;
    await this.stopService();
    this.log.read();
  }

  private async stopService(): Promise<void> {
    const { service } = this;
    this.service = undefined;
    await service?.stop(STOP_TIMEOUT_MS);
  }

  private async restart(): Promise<void> {
    await this.stopService();
    const { name, inspectPort } = this.options;
    let service: ChildProgram;
    try {
      service = ChildProgram.start(
        {
          name: labelOf(this.options),
          command: process.execPath,
          args: [
            '--enable-source-maps',
            ...(inspectPort === undefined ? [] : [`--inspect=127.0.0.1:${inspectPort}`]),
            join(repository, 'apps', name, 'dist', 'main.js'),
          ],
          cwd: repository,
          env: this.env,
          log: this.log,
          stopSignal: 'SIGTERM',
        },
        this.roll,
      );
    } catch {
      // The session is being ended.
      return;
    }
    this.service = service;
    claimPlace(this.home, this.options, service.pid ?? 0);
    void service.exited.then(({ code, signal }) => {
      if (this.service === service) {
        claimPlace(this.home, this.options, 0);
        console.log(`${labelOf(this.options)} ended with ${signal ?? `exit code ${code}`}; the next change starts it again.`);
      }
    });
  }
}
