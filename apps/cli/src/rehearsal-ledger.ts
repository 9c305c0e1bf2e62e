import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import type { Service } from '@waybill/contracts';
import type { Ledger, Measured } from '@waybill/database/rehearsal';
import { z } from 'zod';
import { RefusedError } from './command-errors.js';

const measured: z.ZodType<Measured> = z.object({
  maxStallMs: z.number(),
  p99Ms: z.number(),
  quietMaxMs: z.number(),
  rows: z.number(),
  lockHolderMs: z.number(),
  lockModes: z.record(z.string(), z.array(z.string())),
  durationMs: z.number(),
  tries: z.number(),
  rewritten: z.array(z.string()),
  walMb: z.number(),
  grownMb: z.number(),
  postgres: z.string(),
  statements: z.string(),
  date: z.string(),
});
const schema = z.record(z.string(), measured);

/** What was measured of a service's migrations; nothing where there is no file yet. */
export function readLedger(service: Service): Ledger {
  const file = fileURLToPath(ledgerUrl(service));
  if (!existsSync(file)) {
    return {};
  }
  try {
    return schema.parse(JSON.parse(readFileSync(file, 'utf8')));
  } catch (cause) {
    throw new RefusedError(`${ledgerPath(service)} should hold what rehearsals have measured, and does not. Put it back: git checkout -- ${ledgerPath(service)}`, { cause });
  }
}

/** Adds to what is there, the oldest migration first. */
export function writeLedger(service: Service, entries: Ledger): void {
  const all = Object.entries({ ...readLedger(service), ...entries });
  const sorted = all.toSorted(([one], [other]) => Number(one.slice(-DIGITS)) - Number(other.slice(-DIGITS)));
  writeFileSync(ledgerUrl(service), `${JSON.stringify(Object.fromEntries(sorted), null, 2)}\n`);
}

/** In the repository. */
export function ledgerPath(service: Service): string {
  return `apps/${service}/src/persistence/migrations/measured.json`;
}

/** Of the moment at the end of a migration's name. */
const DIGITS = 13;

/** Beside the sources, which are the same distance away from this file's build. */
function ledgerUrl(service: Service): URL {
  return new URL(`../../../${ledgerPath(service)}`, import.meta.url);
}
