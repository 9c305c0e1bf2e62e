import { execFileSync } from 'node:child_process';
import { chownSync, existsSync, mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { isReachableByAll } from './cache-folder.js';
import type { ChildProgram, Exit } from './child-program.js';
import { LocalServer } from './local-server.js';
import { LogFile } from './log-file.js';
import type { ManagedServer } from './managed-server.js';
import type { PostgresBinaries } from './postgres-binaries.js';
import type { ProcessRoll } from './process-roll.js';
import { ProgramError, runProgram } from './run-program.js';
import { startServer } from './server-start.js';
import { SetUpError } from './set-up-error.js';

export interface EmbeddedPostgresOptions {
  readonly home: string;
  readonly roll: ProcessRoll;
  readonly binaries: PostgresBinaries;
  /** Of characters that need no escape in a URL. */
  readonly adminPassword: string;
  /** Taken if it is free, else another one is chosen. */
  readonly preferredPort?: number | undefined;
  readonly onCrash?: ((exit: Exit) => void) | undefined;
  /** For tests: commits do not wait for the disk, and a crash of the machine may damage the data. */
  readonly forgetful?: boolean | undefined;
  /** Over our own, as in the configuration file. */
  readonly settings?: Readonly<Record<string, string>> | undefined;
}

const READY_TIMEOUT_MS = 60_000;
export const POSTGRES_ADMIN = 'postgres';

interface User {
  readonly uid: number;
  readonly gid: number;
}

/** One real PostgreSQL server from npm's binaries, bound to 127.0.0.1, passwords by SCRAM. */
export class EmbeddedPostgres implements ManagedServer {
  private readonly folder: string;
  private readonly log: LogFile;
  private readonly server: LocalServer;

  constructor(private readonly options: EmbeddedPostgresOptions) {
    this.folder = join(options.home, 'postgres');
    this.log = new LogFile(join(options.home, 'logs', 'postgres.log'));
    this.server = new LocalServer({
      startOn: (port) => this.startOn(port),
      preferredPort: options.preferredPort,
      isAboutItsPlace: (output) =>
        /could not bind|Address already in use|is still in use|lock file "postmaster.pid" already exists/.test(output),
      onCrash: options.onCrash,
    });
  }

  get pid(): number | undefined {
    return this.server.pid;
  }

  get adminUrl(): string {
    return `postgres://${POSTGRES_ADMIN}:${this.options.adminPassword}@127.0.0.1:${this.server.port}/postgres`;
  }

  get logFile(): string {
    return this.log.path;
  }

  async start(): Promise<void> {
    await this.initializeOnce();
    await this.server.start();
  }

  stop(): Promise<void> {
    return this.server.stop();
  }

  kill(): Promise<void> {
    return this.server.kill();
  }

  private startOn(port: number): Promise<ChildProgram> {
    const settings = {
      port,
      listen_addresses: '127.0.0.1',
      // A socket's path has a length limit that the home's path may exceed.
      unix_socket_directories: '',
      max_connections: 200,
      // Rows of the outbox live for milliseconds: what they leave is taken away every few seconds, not once a minute.
      autovacuum_naptime: '5s',
      timezone: 'UTC',
      log_timezone: 'UTC',
      ...(this.options.forgetful ? { fsync: 'off', full_page_writes: 'off' } : {}),
      ...this.options.settings,
    };
    return startServer(
      {
        name: 'postgres',
        command: join(this.options.binaries.bin, 'postgres'),
        args: ['-D', this.dataArgument(), ...Object.entries(settings).flatMap(([key, value]) => ['-c', `${key}=${value}`])],
        cwd: this.dataFolder(),
        env: { PATH: process.env['PATH'], LC_ALL: 'C' },
        log: this.log,
        // SIGINT ends what the clients are doing; SIGTERM would wait until they have gone.
        stopSignal: 'SIGINT',
        ...this.user(),
      },
      { readyLine: 'database system is ready to accept connections', timeoutMs: READY_TIMEOUT_MS },
      this.options.roll,
    );
  }

  private dataFolder(): string {
    return join(this.folder, 'data');
  }

  /**
   * As root the server runs as another user, to whom the home may be closed (a clone below /root or in `mktemp -d`).
   * It is started inside its folder; on Linux this name leads there without walking through the ones above.
   */
  private dataArgument(): string {
    return this.user() !== undefined && process.platform === 'linux' ? '/proc/self/cwd' : this.dataFolder();
  }

  private user(): User | undefined {
    return process.getuid?.() === 0 ? unprivilegedUser() : undefined;
  }

  /** The marker is written last: a folder without it was left half-made and holds nothing yet. */
  private async initializeOnce(): Promise<void> {
    const marker = join(this.folder, 'initialized');
    if (existsSync(marker)) {
      return;
    }
    rmSync(this.folder, { recursive: true, force: true });
    const user = this.user();
    for (const folder of [this.folder, this.dataFolder()]) {
      mkdirSync(folder, { recursive: true, mode: 0o700 });
      give(folder, user);
    }
    if (user !== undefined && process.platform !== 'linux' && !isReachableByAll(join(this.folder, '..'))) {
      throw new SetUpError(
        `Postgres refuses to run as root, and the user it would run as cannot reach ${this.folder}. Start as an ordinary user, or set WAYBILL_HOME to a folder that everybody may pass through.`,
      );
    }
    await this.initialize(user);
    writeFileSync(marker, `${this.options.binaries.version}\n`);
  }

  private async initialize(user: User | undefined): Promise<void> {
    // In a file, not among the arguments, which every user of the machine can see.
    const passwordFile = join(this.folder, 'password');
    writeFileSync(passwordFile, `${this.options.adminPassword}\n`, { mode: 0o600 });
    give(passwordFile, user);
    const result = await runProgram(
      join(this.options.binaries.bin, 'initdb'),
      [
        `--pgdata=${this.dataArgument()}`,
        `--username=${POSTGRES_ADMIN}`,
        `--pwfile=${this.dataArgument()}/../password`,
        '--auth=scram-sha-256',
        '--encoding=UTF8',
        '--locale=C',
        '--no-instructions',
        ...(this.options.forgetful ? ['--no-sync'] : []),
      ],
      { cwd: this.dataFolder(), env: { PATH: process.env['PATH'], LC_ALL: 'C' }, ...user },
    );
    rmSync(passwordFile);
    if (result.code !== 0) {
      throw new ProgramError(`Postgres could not make its folder ${this.dataFolder()}`, result);
    }
  }
}

/** Throws when the data of a home was written by another major version. */
export function checkPostgresData(home: string, major: string): void {
  const versionFile = join(home, 'postgres', 'data', 'PG_VERSION');
  const found = existsSync(versionFile) ? readFileSync(versionFile, 'utf8').trim() : major;
  if (found !== major) {
    throw new SetUpError(
      `The data in ${join(home, 'postgres')} was written by PostgreSQL ${found}, this is PostgreSQL ${major}. Forget it with \`npm start -- --fresh\`, or point WAYBILL_HOME at another folder.`,
    );
  }
}

/** `nobody`: a user that every system has. A bare number will not do, Postgres looks its name up. */
function unprivilegedUser(): User {
  try {
    const number = (option: string) => Number(execFileSync('id', [option, 'nobody'], { encoding: 'utf8' }));
    return { uid: number('-u'), gid: number('-g') };
  } catch (error) {
    throw new SetUpError(
      'Postgres refuses to run as root, and there is no user `nobody` to run it as. Start as an ordinary user, or start Docker.',
      { cause: error },
    );
  }
}

function give(path: string, user: User | undefined): void {
  if (user !== undefined) {
    chownSync(path, user.uid, user.gid);
  }
}
