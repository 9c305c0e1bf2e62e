import { execFileSync } from 'node:child_process';
import { existsSync, lstatSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

/** The repository's top folder. */
export const root = fileURLToPath(new URL('../../../', import.meta.url));

export const pathOf = (file: string): string => join(root, file);
export const read = (file: string): string => readFileSync(pathOf(file), 'utf8');
export const exists = (file: string): boolean => existsSync(pathOf(file));
export const readJson = <T>(file: string): T => JSON.parse(read(file)) as T;

/** What is committed or about to be, without what .gitignore names and without files that are just being deleted. */
export function repositoryFiles(...globs: string[]): string[] {
  const patterns = globs.map((glob) => `:(glob)${glob}`);
  const listed = execFileSync('git', ['ls-files', '-z', '--cached', '--others', '--exclude-standard', '--', ...patterns], {
    cwd: root,
    encoding: 'utf8',
    maxBuffer: 64 * 1024 * 1024,
  });
  return [...new Set(listed.split('\0'))].filter((file) => file !== '' && isFile(pathOf(file))).sort();
}

/** No symlink either: somebody's node_modules may be one. */
const isFile = (path: string): boolean => lstatSync(path, { throwIfNoEntry: false })?.isFile() === true;
