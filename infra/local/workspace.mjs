// Installs and builds what is missing. Plain JavaScript with nothing but Node: it runs before anything is installed.
import { spawn } from 'node:child_process';
import { createHash } from 'node:crypto';
import { closeSync, existsSync, mkdirSync, openSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync, writeSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

export const root = fileURLToPath(new URL('../../', import.meta.url));

const LOCK_FILE = join(root, '.nx', 'workspace.lock');
/** In node_modules, so that it goes when they go. */
const INSTALL_STAMP = join(root, 'node_modules', '.cache', 'waybill', 'installed');
const TESTS = 'e2e';
/** The folders with projects, as in package.json's workspaces. */
const PROJECTS = ['apps', 'libs', 'infra', TESTS];
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
    stampInstall(hashOfLock());
  });
}

/**
 * Builds if anything that goes into the build has changed since the last time: the platform, and `withTests` also what
 * tests it. A story that is half written must not keep anybody from starting the platform.
 */
export async function build(say, { withTests = false } = {}) {
  if (isBuilt(withTests)) {
    return;
  }
  await locked(say, async () => {
    if (isBuilt(withTests)) {
      return;
    }
    const before = fingerprint(withTests);
    const command = [process.execPath, nxProgram(), 'run-many', '-t', 'build', '--output-style=static'];
    const { code, output } = await run(say, 'Build', [...command, ...(withTests ? [] : [`--exclude=${TESTS}`])]);
    if (code !== 0) {
      throw new WorkspaceError(`${failures(output)}\nThe build failed; the compiler's words stand above.`, 1);
    }
    mkdirSync(join(stampOf(withTests), '..'), { recursive: true });
    writeFileSync(stampOf(withTests), before);
  });
}

/** Of all that Nx tells, the tasks that failed. */
function failures(output) {
  const tasks = output.split(/^> nx run /m).slice(1);
  const failed = tasks.filter((task) => / error\b|error\x1b/.test(task));
  return failed.length === 0 ? output : failed.map((task) => `> ${task.trim()}`).join('\n\n');
}

/** npm's command line, by the npm that runs us where there is one. */
export function npm(args) {
  const cli = process.env.npm_execpath;
  return cli !== undefined && cli.endsWith('.js') ? [process.execPath, cli, ...args] : ['npm', ...args];
}

/** True if we have installed this lock, or somebody else has by hand. */
function isInstalled() {
  const lock = hashOfLock();
  if (existsSync(INSTALL_STAMP) && readFileSync(INSTALL_STAMP, 'utf8') === lock) {
    return true;
  }
  const isTheSame = installedIsLocked();
  if (isTheSame) {
    stampInstall(lock);
  }
  return isTheSame;
}

function hashOfLock() {
  return createHash('sha256').update(readFileSync(join(root, 'package-lock.json'))).digest('hex');
}

function stampInstall(lock) {
  mkdirSync(join(INSTALL_STAMP, '..'), { recursive: true });
  writeFileSync(INSTALL_STAMP, lock);
}

/** npm writes down what it installed, as the last thing it does. */
function installedIsLocked() {
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

function isBuilt(withTests) {
  const stamp = stampOf(withTests);
  return (
    existsSync(stamp) &&
    readFileSync(stamp, 'utf8') === fingerprint(withTests) &&
    projects(withTests).every(isProjectBuilt)
  );
}

function stampOf(withTests) {
  return join(root, 'node_modules', '.cache', 'waybill', withTests ? 'build-with-tests' : 'build');
}

function isProjectBuilt(project) {
  return existsSync(join(project, 'dist'));
}

/** Names, sizes and times of all sources: it changes when any of them does, and takes a few milliseconds. */
function fingerprint(withTests) {
  const hash = createHash('sha256').update(process.version);
  const add = (file) => {
    const { size, mtimeMs } = statSync(file);
    hash.update(`${file} ${size} ${mtimeMs}\n`);
  };
  for (const name of SHARED_INPUTS) {
    add(join(root, name));
  }
  for (const project of projects(withTests)) {
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

function projects(withTests) {
  return PROJECTS.filter((name) => withTests || name !== TESTS)
    .map((name) => join(root, name))
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
