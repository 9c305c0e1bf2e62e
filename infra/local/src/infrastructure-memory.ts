import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { z } from 'zod';
import { replaceFile } from './file-replacement.js';
import type { Choice } from './infrastructure-choice.js';
import { infrastructureKinds } from './stack-settings.js';

const schema = z.object({ kafka: z.enum(infrastructureKinds), postgres: z.enum(infrastructureKinds) });

/** Where the data of a home lies: a second start must find the data of the first. */
export function recallChoice(home: string): Choice | undefined {
  try {
    return schema.parse(JSON.parse(readFileSync(memoryFile(home), 'utf8')));
  } catch {
    return undefined;
  }
}

export function rememberChoice(home: string, choice: Choice): void {
  replaceFile(memoryFile(home), `${JSON.stringify(choice)}\n`);
}

export function memoryFile(home: string): string {
  return join(home, 'infrastructure.json');
}
