import { createHash } from 'node:crypto';
import { realpathSync } from 'node:fs';
import { setTimeout as sleep } from 'node:timers/promises';
import { docker } from './docker-engine.js';
import { freePort, isFree } from './free-port.js';
import type { ManagedServer } from './managed-server.js';
import { ProgramError } from './run-program.js';

export interface DockerServerOptions {
  readonly home: string;
  readonly name: 'kafka' | 'postgres';
  readonly image: string;
  readonly preferredPort: number | undefined;
  /** The port inside; undefined: the same as outside, for a server that tells clients its own address. */
  readonly innerPort?: number;
  /** Where the named volume goes. */
  readonly dataPath: string;
  readonly environment: (port: number) => Readonly<Record<string, string>>;
  readonly command?: readonly string[];
  /** Looks at the whole log of the container. */
  readonly isReady: (log: string) => boolean;
}

const READY_TIMEOUT_MS = 120_000;
const POLL_INTERVAL_MS = 100;
const STOP_TIMEOUT_S = 15;
const START_ATTEMPTS = 5;

/** A server in a container: bound to 127.0.0.1, removed at the stop, its data in a volume that is named for the home. */
export class DockerServer implements ManagedServer {
  readonly pid = undefined;
  private usedPort: number | undefined;
  private readonly resource: string;

  constructor(private readonly options: DockerServerOptions) {
    this.resource = dockerResource(options.home, options.name);
  }

  get port(): number {
    if (this.usedPort === undefined) {
      throw new Error(`${this.options.name} has no address before its first start`);
    }
    return this.usedPort;
  }

  get logFile(): string {
    return `docker logs ${this.resource}`;
  }

  async start(): Promise<void> {
    for (let attempt = 1; ; attempt += 1) {
      const port = this.usedPort ?? (await this.choosePort(attempt));
      // Also what a start that was killed has left behind.
      await this.remove();
      const result = await this.run(port);
      if (result.code === 0) {
        this.usedPort = port;
        await this.waitUntilReady();
        return;
      }
      const portIsTaken = /port is already allocated|address already in use|ports are not available/i.test(result.output);
      if (!portIsTaken || attempt === START_ATTEMPTS) {
        throw new ProgramError(`Docker could not start ${this.options.image}`, result);
      }
    }
  }

  async stop(): Promise<void> {
    await docker(['stop', '--time', String(STOP_TIMEOUT_S), this.resource]);
    await this.remove();
  }

  async kill(): Promise<void> {
    await docker(['kill', this.resource]);
    await this.remove();
  }

  /** With the nameless volumes that images declare; the named one stays. */
  private async remove(): Promise<void> {
    await docker(['rm', '--force', '--volumes', this.resource]);
  }

  private async choosePort(attempt: number): Promise<number> {
    const preferred = this.options.preferredPort;
    return preferred !== undefined && attempt === 1 && (await isFree(preferred)) ? preferred : freePort();
  }

  private run(port: number) {
    const { home, name, image, innerPort, dataPath, environment, command } = this.options;
    const variables = environment(port);
    return docker(
      [
        'run',
        '--detach',
        `--name=${this.resource}`,
        `--label=waybill.home=${home}`,
        `--label=waybill.server=${name}`,
        `--publish=127.0.0.1:${port}:${innerPort ?? port}`,
        `--volume=${this.resource}:${dataPath}`,
        // Names only: the values go by the environment of the docker command, where no other user sees them.
        ...Object.keys(variables).map((variable) => `--env=${variable}`),
        image,
        ...(command ?? []),
      ],
      { env: { ...process.env, ...variables } },
    );
  }

  private async waitUntilReady(): Promise<void> {
    const end = performance.now() + READY_TIMEOUT_MS;
    for (;;) {
      const { output } = await docker(['logs', this.resource]);
      if (this.options.isReady(output)) {
        return;
      }
      const state = await docker(['inspect', '--format', '{{.State.Status}}', this.resource]);
      if (performance.now() >= end || state.output.trim() !== 'running') {
        const last = output.trim().split('\n').slice(-15).join('\n');
        throw new Error(`${this.options.image} did not become ready (${state.output.trim()}). Its last words:\n${last}`);
      }
      await sleep(POLL_INTERVAL_MS);
    }
  }
}

/** Removes the containers of a home, and with `data` their volumes, too. */
export async function clearDocker(home: string, options: { readonly data: boolean }): Promise<void> {
  for (const name of ['kafka', 'postgres']) {
    const resource = dockerResource(home, name);
    await docker(['rm', '--force', '--volumes', resource]);
    if (options.data) {
      await docker(['volume', 'rm', '--force', resource]);
    }
  }
}

/** `waybill-1a2b3c4d-kafka`: containers and volumes of two homes never meet. */
export function dockerResource(home: string, name: string): string {
  const key = createHash('sha256').update(realpathSync(home)).digest('hex').slice(0, 8);
  return `waybill-${key}-${name}`;
}
