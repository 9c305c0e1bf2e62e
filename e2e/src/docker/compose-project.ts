import { spawn } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { freePort } from '@waybill/local';
import { root } from '../repository/repository.js';
import { removeWhenGone } from './watchdog.js';

/** What `docker inspect` tells of a container, as far as the tests ask. */
export interface ContainerFacts {
  readonly Config: { readonly User: string; readonly Env: readonly string[]; readonly Labels: Readonly<Record<string, string>> };
  readonly HostConfig: {
    readonly ReadonlyRootfs: boolean;
    readonly Init: boolean | null;
    readonly CapDrop: readonly string[] | null;
    readonly PortBindings: Readonly<Record<string, readonly { readonly HostIp: string }[]>> | null;
  };
  readonly Mounts: readonly { readonly Type: string; readonly Name?: string; readonly Destination: string }[];
  readonly State: { readonly Status: string; readonly ExitCode: number; readonly Health?: { readonly Status: string } };
  readonly RestartCount: number;
}

const PROGRAMS = ['orders', 'inventory', 'shipping', 'carrier', 'kafka', 'jaeger'] as const;
const PORT_IS_TAKEN = /port is already allocated|address already in use/;
const ATTEMPTS = 3;

/** docker-compose.yml as a project of its own: other names and other ports than the one a developer may have running. */
export class ComposeProject {
  readonly name = `waybill-test-${randomBytes(4).toString('hex')}`;
  private readonly label = `com.docker.compose.project=${this.name}`;
  private ports: ReadonlyMap<string, number> = new Map();

  constructor() {
    removeWhenGone(this.label);
  }

  /** What `docker compose` and the tools need to find this project. */
  get env(): NodeJS.ProcessEnv {
    const env: NodeJS.ProcessEnv = { ...process.env, COMPOSE_PROJECT_NAME: this.name };
    for (const [program, port] of this.ports) {
      env[`${program.toUpperCase()}_PORT`] = String(port);
    }
    return env;
  }

  urlOf(program: (typeof PROGRAMS)[number]): string {
    return `http://127.0.0.1:${this.ports.get(program) ?? 0}`;
  }

  /** Builds what has changed, starts the services that are named, or all, and waits until they are healthy. */
  async up(services: readonly string[] = []): Promise<void> {
    for (let attempt = 1; ; attempt += 1) {
      try {
        if (this.ports.size === 0) {
          this.ports = await freePorts();
        }
        await this.compose('up', '--build', '--wait', ...services);
        return;
      } catch (error) {
        const { message } = error as Error;
        // Between the choice of a port and its use there is time for somebody else.
        if (!PORT_IS_TAKEN.test(message) || attempt === ATTEMPTS) {
          const told = await this.compose('logs', '--tail', '30').catch(String);
          throw new Error(`${message}\n${told}`, { cause: error });
        }
        this.ports = new Map();
      }
    }
  }

  stop(): Promise<string> {
    return this.compose('stop');
  }

  /** Removes everything that belongs to the project: containers, networks, volumes and images. */
  remove(): Promise<string> {
    return this.compose('down', '--volumes', '--remove-orphans', '--rmi', 'local');
  }

  compose(...args: string[]): Promise<string> {
    return run('docker', ['compose', '--progress', 'plain', ...args], this.env);
  }

  /** The containers by the service they belong to, those that have ended, too. */
  async containers(): Promise<ReadonlyMap<string, ContainerFacts>> {
    const ids = (await this.compose('ps', '--all', '--quiet')).trim().split('\n').filter(Boolean);
    if (ids.length === 0) {
      return new Map();
    }
    const facts = JSON.parse(await run('docker', ['inspect', ...ids])) as ContainerFacts[];
    return new Map(facts.map((each) => [each.Config.Labels['com.docker.compose.service'] ?? '', each]));
  }

  /** Everything in the engine that carries the project's name. */
  async remains(): Promise<string[]> {
    const label = `label=${this.label}`;
    const lists = await Promise.all([
      run('docker', ['ps', '--all', '--filter', label, '--format', 'container {{.Names}}']),
      run('docker', ['volume', 'ls', '--filter', label, '--format', 'volume {{.Name}}']),
      run('docker', ['network', 'ls', '--filter', label, '--format', 'network {{.Name}}']),
      run('docker', ['image', 'ls', '--filter', label, '--format', 'image {{.Repository}}']),
    ]);
    return lists.flatMap((list) => list.split('\n').filter(Boolean));
  }
}

async function freePorts(): Promise<ReadonlyMap<string, number>> {
  const ports = new Set<number>();
  while (ports.size < PROGRAMS.length) {
    ports.add(await freePort());
  }
  const chosen = [...ports];
  return new Map(PROGRAMS.map((program, index) => [program, chosen[index] ?? 0]));
}

/** True if an image is there, or can be got. */
export async function hasImage(image: string): Promise<boolean> {
  for (const args of [['image', 'inspect', image], ['pull', '--quiet', image]]) {
    if (await run('docker', args).then(() => true, () => false)) {
      return true;
    }
  }
  return false;
}

/** Runs a program in the repository and resolves with what it wrote to stdout. */
export function run(command: string, args: readonly string[], env: NodeJS.ProcessEnv = process.env): Promise<string> {
  return new Promise((resolve, reject) => {
    const child = spawn(command, args, { cwd: root, env, stdio: ['ignore', 'pipe', 'pipe'] });
    let stdout = '';
    let stderr = '';
    child.stdout.on('data', (chunk) => (stdout += String(chunk)));
    child.stderr.on('data', (chunk) => (stderr += String(chunk)));
    child.once('error', reject);
    child.once('close', (code) => {
      if (code === 0) {
        resolve(stdout);
      } else {
        reject(new Error(`${[command, ...args].join(' ')} ended with exit code ${code}:\n${`${stdout}${stderr}`.slice(-5_000)}`));
      }
    });
  });
}
