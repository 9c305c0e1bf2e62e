// Installs and builds what is missing. Plain JavaScript with nothing but Node: it runs before anything is installed.
import { spawn } from 'node:child_process';
import { createHash } from 'node:crypto';
import { closeSync, existsSync, mkdirSync, openSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync, writeSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

export const root = fileURLToPath(new URL('../../', import.meta.url));

const LOCK_FILE = join(root, '.nx', 'workspace.lock');
const BUILD_STAMP = join(root, 'node_modules', '.cache', 'waybill', 'build');
/** The folders with projects, as in package.json's workspaces. */
const PROJECTS = ['apps', 'libs', 'infra', 'e2e'];
const SHARED_INPUTS = ['package-lock.json', 'nx.json', 'tsconfig.base.json', 'tsconfig.json'];

/** A failure whose message is all there is to say: no stack trace. */
export class WorkspaceError extends Error {
  constructor(message, exitCode) {
    super(message);
    this.exitCode = exitCode;
  }
}

/** Installs if node_modules is not what package-lock.json says. */
export async function install(say) {
  if (isInstalled()) {
    return;
  }
  await locked(say, async () => {
    if (isInstalled()) {
      return;
    }
    // Not with an option of the caller's: a production install has no compiler.
    const { code, output } = await run(say, 'npm ci', npm(['ci', '--ignore-scripts', '--include=dev', '--include=optional']));
    if (code !== 0) {
      throw new WorkspaceError(`${output}\nnpm ci failed (exit code ${code}). It needs the npm registry, or a mirror named in ~/.npmrc.`, 1);
    }
  });
}

/** Builds if anything that goes into the build has changed since the last time. */
export async function build(say) {
  if (isBuilt()) {
    return;
  }
  await locked(say, async () => {
    if (isBuilt()) {
      return;
    }
    const before = fingerprint();
    const { code, output } = await run(say, 'Build', [process.execPath, nxProgram(), 'run-many', '-t', 'build', '--output-style=static']);
    if (code !== 0) {
      throw new WorkspaceError(`${output}\nThe build failed; the compiler's words stand above.`, 1);
    }
    mkdirSync(join(BUILD_STAMP, '..'), { recursive: true });
    writeFileSync(BUILD_STAMP, before);
  });
}

/** npm's command line, by the npm that runs us where there is one. */
export function npm(args) {
  const cli = process.env.npm_execpath;
  return cli !== undefined && cli.endsWith('.js') ? [process.execPath, cli, ...args] : ['npm', ...args];
}

/** npm writes down what it installed, as the last thing it does: that is compared with the lock. */
function isInstalled() {
  const installed = packagesIn(join(root, 'node_modules', '.package-lock.json'));
  const wanted = packagesIn(join(root, 'package-lock.json'));
  return (
    installed !== undefined &&
    Object.entries(wanted ?? {})
      .filter(([path]) => path.includes('node_modules/'))
      .every(([path, entry]) => {
        const found = installed[path];
        // What is for other systems, or optional, may be missing.
        return found === undefined
          ? Boolean(entry.optional || entry.devOptional || entry.os || entry.cpu)
          : found.version === entry.version && found.link === entry.link;
      })
  );
}

function packagesIn(lockFile) {
  try {
    return JSON.parse(readFileSync(lockFile, 'utf8')).packages;
  } catch {
    return undefined;
  }
}

function isBuilt() {
  return existsSync(BUILD_STAMP) && readFileSync(BUILD_STAMP, 'utf8') === fingerprint() && projects().every(isProjectBuilt);
}

function isProjectBuilt(project) {
  return existsSync(join(project, 'dist'));
}

/** Names, sizes and times of all sources: it changes when any of them does, and takes a few milliseconds. */
function fingerprint() {
  const hash = createHash('sha256').update(process.version);
  const add = (file) => {
    const { size, mtimeMs } = statSync(file);
    hash.update(`${file} ${size} ${mtimeMs}\n`);
  };
  for (const name of SHARED_INPUTS) {
    add(join(root, name));
  }
  for (const project of projects()) {
    add(join(project, 'package.json'));
    add(join(project, 'tsconfig.json'));
    const sources = readdirSync(join(project, 'src'), { recursive: true, withFileTypes: true });
    for (const entry of sources) {
      if (entry.isFile() && entry.name.endsWith('.ts') && !entry.name.endsWith('.spec.ts')) {
        add(join(entry.parentPath, entry.name));
      }
    }
  }
  return hash.digest('hex');
}

function projects() {
  return PROJECTS.map((name) => join(root, name))
    .flatMap((folder) => (existsSync(join(folder, 'package.json')) ? [folder] : subfolders(folder)))
    .filter((folder) => existsSync(join(folder, 'tsconfig.json')))
    .sort();
}

function subfolders(folder) {
  return readdirSync(folder, { withFileTypes: true })
    .filter((entry) => entry.isDirectory())
    .map((entry) => join(folder, entry.name));
}

function nxProgram() {
  const folder = join(root, 'node_modules', 'nx');
  return join(folder, JSON.parse(readFileSync(join(folder, 'package.json'), 'utf8')).bin.nx);
}

/** One install or build at a time: two terminals may both find that something is missing. */
async function locked(say, work) {
  mkdirSync(join(LOCK_FILE, '..'), { recursive: true });
  for (let told = false; !takeLock(); told = true) {
    if (!told) {
      say('  … another process is installing or building here; waiting for it');
    }
    await new Promise((resolve) => setTimeout(resolve, 200));
  }
  try {
    await work();
  } finally {
    rmSync(LOCK_FILE, { force: true });
  }
}

function takeLock() {
  try {
    const file = openSync(LOCK_FILE, 'wx');
    writeSync(file, String(process.pid));
    closeSync(file);
    return true;
  } catch (error) {
    if (error.code !== 'EEXIST') {
      throw error;
    }
  }
  if (isAbandoned()) {
    rmSync(LOCK_FILE, { force: true });
  }
  return false;
}

function isAbandoned() {
  try {
    const text = readFileSync(LOCK_FILE, 'utf8');
    // Empty for the moment between its making and its writing.
    return text === '' ? Date.now() - statSync(LOCK_FILE).mtimeMs > 2_000 : !isRunning(Number(text));
  } catch {
    return false;
  }
}

function isRunning(pid) {
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    return error.code === 'EPERM';
  }
}

/** Runs a command quietly and shows that it is still at it; its output is returned. */
async function run(say, what, [command, ...args]) {
  const start = Date.now();
  const seconds = () => `${((Date.now() - start) / 1_000).toFixed(1)} s`;
  say(`  … ${what}`);
  const timer = setInterval(() => say(`  … ${what} (${seconds()})`), 10_000);
  try {
    const result = await new Promise((resolve, reject) => {
      const child = spawn(command, args, { cwd: root, stdio: ['ignore', 'pipe', 'pipe'] });
      let output = '';
      child.stdout.on('data', (chunk) => (output += chunk));
      child.stderr.on('data', (chunk) => (output += chunk));
      child.once('error', reject);
      child.once('close', (code, signal) => resolve({ code: code ?? `signal ${signal}`, output }));
    });
    say(`  ${result.code === 0 ? '✓' : '✗'} ${what} (${seconds()})`);
    return result;
  } finally {
    clearInterval(timer);
  }
}
