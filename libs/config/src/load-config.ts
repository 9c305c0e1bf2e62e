import type { z } from 'zod';
import { ConfigError, type ConfigProblem } from './config-error.js';
import { type ReadFile, readSecret, readTextFile } from './read-file.js';
import { relations } from './relations.js';
import { describeSetting, type Setting } from './setting.js';

/** A zod object whose keys are the names of environment variables. */
export type ConfigSchema = z.ZodObject;
export type Environment = Readonly<Record<string, string | undefined>>;

/**
 * Reads and checks every setting of `schema`, or throws one ConfigError that lists all that is wrong.
 *
 * An empty variable counts as not set: that is what `VARIABLE=` in a compose file means. A secret may stand in a file:
 * `DATABASE_URL_FILE` names the one that holds DATABASE_URL.
 */
export function loadConfig<S extends ConfigSchema>(
  schema: S,
  env: Environment,
  readFile: ReadFile = readTextFile,
): Readonly<z.output<S>> {
  const problems: ConfigProblem[] = [];
  const values: Record<string, unknown> = {};
  const texts: Record<string, string | undefined> = {};
  for (const [name, type] of Object.entries(schema.shape)) {
    const setting = describeSetting(name, type as z.ZodType);
    const file = fileOf(setting, schema, env);
    const came = file === undefined ? present(env, name) : secretIn(file, name, env, readFile, problems);
    if (file !== undefined && came === undefined) {
      continue;
    }
    texts[name] = came;
    const result = (type as z.ZodType).safeParse(came);
    if (result.success) {
      values[name] = result.data;
    } else {
      problems.push({ name, message: sentence(setting, came, result.error, env) });
    }
  }
  for (const relation of relations) {
    // A relation speaks only about values that are right by themselves; a wrong one is already in the list.
    if (relation.names(schema.shape).every((name) => name in values)) {
      problems.push(...relation.check(values));
    }
  }
  if (problems.length > 0) {
    throw new ConfigError(problems);
  }
  return Object.freeze(whole(schema, texts));
}

/** The variable that names the file with a secret, if it is set; a schema that has such a setting reads the file itself. */
function fileOf({ name, secret }: Setting, schema: ConfigSchema, env: Environment): string | undefined {
  const file = `${name}_FILE`;
  return secret && !(file in schema.shape) && present(env, file) !== undefined ? file : undefined;
}

function secretIn(
  file: string,
  name: string,
  env: Environment,
  readFile: ReadFile,
  problems: ConfigProblem[],
): string | undefined {
  if (present(env, name) !== undefined) {
    problems.push({ name, message: `is set, and so is ${file}. Leave one of them out.` });
    return undefined;
  }
  return readSecret(file, present(env, file), readFile, problems);
}

/** The object's own refinements, if the service wrote some. */
function whole<S extends ConfigSchema>(schema: S, texts: Readonly<Record<string, string | undefined>>): z.output<S> {
  const result = schema.safeParse(texts);
  if (!result.success) {
    throw new ConfigError(
      result.error.issues.map((issue) => ({ name: issue.path.join('.') || '(several)', message: issue.message })),
    );
  }
  return result.data;
}

function present(env: Environment, name: string): string | undefined {
  const value = env[name];
  return value === undefined || value.trim() === '' ? undefined : value;
}

function sentence(setting: Setting, came: string | undefined, error: z.ZodError, env: Environment): string {
  const example = setting.example === undefined ? '' : `, for example ${setting.name}=${setting.example}`;
  if (came === undefined) {
    const similar = misspelt(setting.name, env);
    const hint = similar === undefined ? '' : ` ${similar} is set: is that a misspelling?`;
    return `is not set: expected ${setting.expected}${example}.${hint}`;
  }
  const expected = setting.expected === '' ? error.issues.map(({ message }) => message).join('; ') : setting.expected;
  return `expected ${expected}, got ${shown(came, setting.secret)}. Set it${example}${orLeaveOut(setting)}.`;
}

function orLeaveOut(setting: Setting): string {
  if (setting.required) {
    return '';
  }
  const without = setting.default ?? setting.otherwise;
  return without === undefined ? ', or leave it out' : `, or leave it out (${without})`;
}

const SHOWN_MAX = 60;

function shown(value: string, secret: boolean): string {
  if (secret) {
    return 'something else (a secret, not shown)';
  }
  // A password may stand in any address, also in one that belongs elsewhere.
  const harmless = value.replace(/\/\/[^/@\s]*@/g, '//***@');
  return JSON.stringify(harmless.length > SHOWN_MAX ? `${harmless.slice(0, SHOWN_MAX)}…` : harmless);
}

/** A variable of the environment that differs by at most two letters. */
function misspelt(name: string, env: Environment): string | undefined {
  return Object.keys(env).find((other) => other !== name && other.length > 5 && distance(other, name) <= 2);
}

/** Levenshtein. */
function distance(a: string, b: string): number {
  if (Math.abs(a.length - b.length) > 2) {
    return 3;
  }
  let row = Array.from({ length: b.length + 1 }, (_, index) => index);
  for (let i = 1; i <= a.length; i++) {
    const next = [i];
    for (let j = 1; j <= b.length; j++) {
      const replaced = (row[j - 1] ?? 0) + (a[i - 1] === b[j - 1] ? 0 : 1);
      next.push(Math.min(replaced, (row[j] ?? 0) + 1, (next[j - 1] ?? 0) + 1));
    }
    row = next;
  }
  return row[b.length] ?? 0;
}
