import type { Service } from '@waybill/contracts';
import { waybill } from '../waybill-command.js';

/** What the operator's command answered. */
export interface SchemaAnswer {
  readonly done: boolean;
  readonly words: string;
}

/** The migrations of the rename, in their order. */
export const renameSteps = {
  expand: 'CustomerRef1764600000000',
  backfill: 'FillCustomerRef1764610000000',
  index: 'CustomerRefIndex1764620000000',
  required: 'CustomerRefRequired1764630000000',
  contract: 'DropCustomerId1764640000000',
} as const;

export type SchemaVerb = 'expand' | 'backfill' | 'contract' | { readonly back: string };

/** `npm run waybill -- migrate VERB --service SERVICE`, as an operator of the stack in `home` runs it. */
export async function migrateSchema(home: string, verb: SchemaVerb, service: Service): Promise<SchemaAnswer> {
  const words = typeof verb === 'string' ? [verb] : ['back', verb.back];
  const agreed = verb === 'contract' || typeof verb !== 'string' ? ['--yes', '--reason', 'the prover upgrades'] : [];
  const { exitCode, output, errors } = await waybill(home, 'migrate', ...words, '--service', service, ...agreed);
  return { done: exitCode === 0, words: `${output}${errors}`.trim() };
}

/** @throws with the command's words when it is not done */
export async function migrated(home: string, verb: SchemaVerb, service: Service): Promise<void> {
  const { done, words } = await migrateSchema(home, verb, service);
  if (!done) {
    const asked = typeof verb === 'string' ? verb : `back ${verb.back}`;
    throw new Error(`migrate ${asked} of ${service} should have been done, and was not: ${words}`);
  }
}
