import { readFileSync } from 'node:fs';
import type { ConfigProblem } from './config-error.js';

/** Returns the text of a file or throws what `fs` throws. */
export type ReadFile = (path: string) => string;

export const readTextFile: ReadFile = (path) => readFileSync(path, 'utf8');

const REASONS: Readonly<Record<string, string>> = {
  ENOENT: 'there is no such file',
  EACCES: 'this process may not read it',
  EISDIR: 'it is a directory',
  ENOTDIR: 'a part of the path is not a directory',
};

/** The file's text; a problem that names the variable and the path if it cannot be read. */
export function readNamed(
  name: string,
  path: string | undefined,
  readFile: ReadFile,
  problems: ConfigProblem[],
): string | undefined {
  if (path === undefined) {
    return undefined;
  }
  try {
    return readFile(path);
  } catch (error) {
    const code = String((error as { code?: unknown }).code);
    const reason = REASONS[code] ?? `reading it failed (${code})`;
    problems.push({ name, message: `names the file ${JSON.stringify(path)}, but ${reason}. Correct the path or its rights.` });
    return undefined;
  }
}

/** A certificate or key in PEM form. Its text is never repeated: it may be a key. */
export function readPem(
  name: string,
  path: string | undefined,
  readFile: ReadFile,
  problems: ConfigProblem[],
): string | undefined {
  const text = readNamed(name, path, readFile, problems);
  if (text !== undefined && !/-----BEGIN [A-Z0-9 ]+-----/.test(text)) {
    problems.push({ name, message: `names the file ${JSON.stringify(path)}, which is not PEM: expected "-----BEGIN …-----".` });
    return undefined;
  }
  return text;
}

/** A secret in a file of its own; editors and `echo` leave a newline at the end. */
export function readSecret(
  name: string,
  path: string | undefined,
  readFile: ReadFile,
  problems: ConfigProblem[],
): string | undefined {
  const text = readNamed(name, path, readFile, problems)?.replace(/\r?\n$/, '');
  if (text === '') {
    problems.push({ name, message: `names the file ${JSON.stringify(path)}, which is empty. Write the secret into it.` });
    return undefined;
  }
  return text;
}
