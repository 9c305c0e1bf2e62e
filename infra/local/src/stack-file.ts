import { readFileSync, rmSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import { z } from 'zod';
import { replaceFile } from './file-replacement.js';
import { isAlive } from './process-identity.js';

const stackFileSchema = z.object({
  /** The process that started everything, and when: it alone writes this file. */
  pid: z.number().int(),
  startedAt: z.string(),
  services: z.array(
    z.object({
      name: z.string(),
      instance: z.number().int(),
      url: z.string(),
      /** 0 while it does not run: it is being started again, or was told to stay dead. */
      pid: z.number().int(),
      log: z.string(),
    }),
  ),
  kafka: z.object({ brokers: z.string() }),
  /** A database's name and the URL its service uses. */
  postgres: z.record(z.string(), z.string()),
  /** The same databases for the login that may change their tables, as far as the stack knows one. */
  migration: z.record(z.string(), z.string()).optional(),
  jaeger: z.string().nullable(),
});

/** What runs where, for tools and tests: `.waybill/stack.json`. */
export type StackFile = z.infer<typeof stackFileSchema>;

export const repository = fileURLToPath(new URL('../../../', import.meta.url));

/** Where data, logs and credentials of a stack lie: WAYBILL_HOME, or `.waybill` in the repository. */
export function waybillHome(env: NodeJS.ProcessEnv = process.env): string {
  return resolve(env['INIT_CWD'] ?? process.cwd(), env['WAYBILL_HOME'] || join(repository, '.waybill'));
}

/** The stack that runs in a home now; undefined if none does, also when one was killed and left its file behind. */
export function readStack(home: string = waybillHome()): StackFile | undefined {
  const stack = parseStack(home);
  return stack !== undefined && isAlive(stack) ? stack : undefined;
}

export function writeStack(home: string, stack: StackFile): void {
  replaceFile(stackFile(home), `${JSON.stringify(stackFileSchema.parse(stack), null, 2)}\n`);
}

export function removeStack(home: string): void {
  rmSync(stackFile(home), { force: true });
}

export function stackFile(home: string): string {
  return join(home, 'stack.json');
}

function parseStack(home: string): StackFile | undefined {
  try {
    return stackFileSchema.parse(JSON.parse(readFileSync(stackFile(home), 'utf8')));
  } catch {
    return undefined;
  }
}
