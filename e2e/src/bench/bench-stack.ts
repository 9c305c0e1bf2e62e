import { execFile, spawn } from 'node:child_process';
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { readStack, type StackFile } from '@waybill/local';

const root = fileURLToPath(new URL('../../../', import.meta.url));
/** Far from the ports of a stack that may be running. */
const PORT_OFFSET = 17_000;

type Environment = Readonly<Record<string, string>>;

/** A platform of the benchmark's own, started as a user starts it: `npm start -- --detach`. */
export class BenchStack {
  private constructor(
    private readonly home: string,
    private readonly env: Environment,
    readonly file: StackFile,
    /** From the command to all services ready. */
    readonly startMs: number,
  ) {}

  static async start(env: Environment = {}): Promise<BenchStack> {
    const home = await mkdtemp(join(tmpdir(), 'waybill-bench-'));
    const started = performance.now();
    try {
      await npm(home, env, ['start', '--', '--detach']);
      const startMs = performance.now() - started;
      const file = readStack(home);
      if (file === undefined) {
        throw new Error(`npm start -- --detach has ended without a running stack in ${home}`);
      }
      return new BenchStack(home, env, file, startMs);
    } catch (error) {
      await npm(home, env, ['stop']).catch(() => undefined);
      await rm(home, { recursive: true, force: true });
      throw error;
    }
  }

  url(name: string): string {
    const service = this.file.services.find((each) => each.name === name);
    if (service === undefined) {
      throw new Error(`the stack has no service called ${name}`);
    }
    return service.url;
  }

  async scrape(name: string): Promise<string> {
    return (await fetch(`${this.url(name)}/metrics`)).text();
  }

  /** Resident memory of the starter and everything below it: services, Kafka, Postgres. Shared pages count once. */
  async residentBytes(): Promise<number> {
    const pids = await descendants(this.file.pid);
    const sizes = await Promise.all(pids.map(proportionalBytes));
    return sizes.reduce((sum, size) => sum + size, 0);
  }

  /** Runs while the processes of these services get no processor: as if they had machines of their own. */
  async whilePaused<T>(names: readonly string[], run: () => Promise<T>): Promise<T> {
    const pids = this.file.services.filter(({ name }) => names.includes(name)).map(({ pid }) => pid);
    const signal = (name: NodeJS.Signals) => pids.forEach((pid) => process.kill(pid, name));
    signal('SIGSTOP');
    try {
      return await run();
    } finally {
      signal('SIGCONT');
    }
  }

  async stop(): Promise<void> {
    await npm(this.home, this.env, ['stop']);
    await rm(this.home, { recursive: true, force: true });
  }
}

/** With its output on the terminal: the first start of a machine takes minutes. */
function npm(home: string, env: Environment, args: readonly string[]): Promise<void> {
  return new Promise((resolve, reject) => {
    const child = spawn('npm', [...args], {
      cwd: root,
      // Its words go beside the report, which may be read by a program.
      stdio: ['ignore', process.stderr, process.stderr],
      env: { ...process.env, ...env, WAYBILL_HOME: home, WAYBILL_PORT_OFFSET: String(PORT_OFFSET) },
    });
    child.once('error', reject);
    child.once('exit', (code, signal) => {
      if (code === 0) {
        resolve();
      } else {
        reject(new Error(`npm ${args.join(' ')} ended with ${signal ?? `exit code ${code}`}`));
      }
    });
  });
}

async function descendants(root: number): Promise<number[]> {
  const { stdout } = await promisify(execFile)('ps', ['-A', '-o', 'pid=,ppid=']);
  const children = new Map<number, number[]>();
  for (const line of stdout.trim().split('\n')) {
    const [pid, parent] = line.trim().split(/\s+/).map(Number);
    if (pid !== undefined && parent !== undefined) {
      children.set(parent, [...(children.get(parent) ?? []), pid]);
    }
  }
  const found: number[] = [];
  const open = [root];
  for (let pid = open.pop(); pid !== undefined; pid = open.pop()) {
    found.push(pid);
    open.push(...(children.get(pid) ?? []));
  }
  return found;
}

/** PSS where the kernel tells it: Postgres' backends share their buffers, and RSS would count them once each. */
async function proportionalBytes(pid: number): Promise<number> {
  try {
    const rollup = await readFile(`/proc/${pid}/smaps_rollup`, 'utf8');
    return Number(/^Pss:\s+(\d+) kB/m.exec(rollup)?.[1] ?? 0) * 1024;
  } catch {
    const { stdout } = await promisify(execFile)('ps', ['-o', 'rss=', '-p', String(pid)]).catch(() => ({ stdout: '0' }));
    return Number(stdout.trim()) * 1024;
  }
}
