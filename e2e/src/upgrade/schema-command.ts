import type { Service } from '@waybill/contracts';
import { waybill } from '../waybill-command.js';

/** What the operator's command answered. */
export interface SchemaAnswer {
  readonly done: boolean;
  readonly words: string;
}

/** `npm run waybill -- migrate VERB --service SERVICE`, as an operator of the stack in `home` runs it. */
export async function migrateSchema(home: string, verb: 'expand' | 'backfill' | 'contract' | 'back', service: Service): Promise<SchemaAnswer> {
  const { exitCode, output, errors } = await waybill(home, 'migrate', verb, '--service', service);
  return { done: exitCode === 0, words: `${output}${errors}`.trim() };
}

/** @throws with the command's words when it is not done */
export async function migrated(home: string, verb: Parameters<typeof migrateSchema>[1], service: Service): Promise<string> {
  const { done, words } = await migrateSchema(home, verb, service);
  if (!done) {
    throw new Error(`migrate ${verb} of ${service} should have been done, and was not: ${words}`);
  }
  return words.split('\n').at(-1) ?? '';
}
