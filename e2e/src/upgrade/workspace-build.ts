import { execFile } from 'node:child_process';
import { cp, mkdir, mkdtemp, readdir, readFile, realpath, rm, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { basename, join } from 'node:path';
import { promisify } from 'node:util';
import { repository } from '@waybill/local';

const run = promisify(execFile);

/** One change of a text that is to be there, or the recipe is out of date. */
export interface Edit {
  readonly file: string;
  readonly from: string;
  /** Each occurrence becomes this. */
  readonly to: string;
}

/** How a workspace comes from this one. */
export interface BuildRecipe {
  readonly name: string;
  /** A commit, branch or tag to begin with; absent: the working tree as it is. */
  readonly from?: string;
  /** A folder whose files are laid over it. */
  readonly overlay?: string;
  /** Files of the overlay that are left out. */
  readonly without?: readonly string[];
  readonly edits?: readonly Edit[];
  /** Compile the services; true. Tests run from source. */
  readonly compile?: boolean;
}

/** A workspace in a folder of its own, whose services a stack can run. */
export interface WorkspaceBuild {
  readonly name: string;
  readonly folder: string;
  /** Removes it. */
  remove(): Promise<void>;
}

const PARTS = ['apps', 'libs', 'infra', 'package.json', 'tsconfig.base.json', 'vitest.config.ts', 'vitest.infra.ts'];
const SERVICES = ['apps/orders', 'apps/inventory', 'apps/shipping'];

/**
 * Copies the workspace, changes the copy as the recipe says, and compiles its services: some seconds, because what did not
 * change is compiled already. Types are checked as everywhere, so a recipe that has come apart from its base is found.
 *
 * Dependencies are those of this workspace, whatever the commit wanted.
 */
export async function buildWorkspace(recipe: BuildRecipe): Promise<WorkspaceBuild> {
  // The real path: Node resolves the links below to it, and a module must have one address.
  const folder = await realpath(await mkdtemp(join(tmpdir(), `waybill-build-${recipe.name}-`)));
  const remove = () => rm(folder, { recursive: true, force: true, maxRetries: 5, retryDelay: 200 });
  try {
    await (recipe.from === undefined ? copyTree(folder) : unpackCommit(recipe.from, folder));
    await linkDependencies(folder);
    if (recipe.overlay !== undefined) {
      const left = (recipe.without ?? []).map((file) => join(recipe.overlay ?? '', file));
      await cp(recipe.overlay, folder, { recursive: true, force: true, filter: (source) => !left.includes(source) });
    }
    for (const edit of recipe.edits ?? []) {
      await apply(edit, folder, recipe.name);
    }
    if (recipe.compile ?? true) {
      await compile(folder, recipe.name);
    }
    return { name: recipe.name, folder, remove };
  } catch (error) {
    await remove();
    throw error;
  }
}

/** With what is compiled, and its times, so that the compiler sees what is up to date. Never linked: it writes in place. */
async function copyTree(folder: string): Promise<void> {
  for (const part of PARTS) {
    await cp(join(repository, part), join(folder, part), {
      recursive: true,
      preserveTimestamps: true,
      filter: (source) => basename(source) !== 'node_modules',
    });
  }
}

async function unpackCommit(commit: string, folder: string): Promise<void> {
  const archive = join(folder, 'commit.tar');
  try {
    await run('git', ['-C', repository, 'archive', '--format=tar', `--output=${archive}`, commit, '--', ...PARTS]);
  } catch (error) {
    throw new Error(`the version before should be a commit of this repository, with its services; git says of "${commit}": ${wordsOf(error)}`, {
      cause: error,
    });
  }
  await run('tar', ['-xf', archive, '-C', folder]);
  await rm(archive);
}

/** Third parties are linked one by one, our own packages to the copy. */
async function linkDependencies(folder: string): Promise<void> {
  const [from, to] = [join(repository, 'node_modules'), join(folder, 'node_modules')];
  await mkdir(join(to, '@waybill'), { recursive: true });
  const names = (await readdir(from)).filter((name) => name !== '@waybill' && !name.startsWith('.'));
  await Promise.all(names.map((name) => symlink(join(from, name), join(to, name))));
  for (const group of ['apps', 'libs', 'infra']) {
    const projects = await readdir(join(folder, group), { withFileTypes: true });
    for (const project of projects.filter((entry) => entry.isDirectory())) {
      await symlink(join('..', '..', group, project.name), join(to, '@waybill', project.name));
    }
  }
}

async function apply({ file, from, to }: Edit, folder: string, recipe: string): Promise<void> {
  const path = join(folder, file);
  const text = await readFile(path, 'utf8');
  if (!text.includes(from)) {
    throw new Error(`the build "${recipe}" expects this in ${file}, and it is not there; change the recipe (e2e/src/upgrade/recipes.ts):\n${from}`);
  }
  await writeFile(path, text.replaceAll(from, to));
}

async function compile(folder: string, recipe: string): Promise<void> {
  const compiler = join(repository, 'node_modules', '@typescript', 'native', 'bin', 'tsc');
  try {
    await run(process.execPath, [compiler, '-b', ...SERVICES], { cwd: folder, maxBuffer: 16 * 1024 * 1024 });
  } catch (error) {
    throw new Error(`the build "${recipe}" should compile, and does not:\n${wordsOf(error)}`, { cause: error });
  }
}

function wordsOf(error: unknown): string {
  const { stdout, stderr, message } = error as { readonly stdout?: string; readonly stderr?: string; readonly message: string };
  return `${stdout ?? ''}${stderr ?? ''}`.trim() || message;
}
