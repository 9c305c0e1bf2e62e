import { services } from '@waybill/contracts';
import type { MigrationClass } from '@waybill/database';
import { ledgerProblems } from '@waybill/database/rehearsal';
import { describe, expect, it } from 'vitest';
import { ledgerPath, readLedger } from './rehearsal-ledger.js';

/** From the sources, as the tool would load them from the build: an app is never imported. */
async function migrationsOf(service: string): Promise<readonly MigrationClass[]> {
  const url = new URL(`../../${service}/src/persistence/migrations.ts`, import.meta.url);
  const { migrations } = (await import(url.pathname)) as { migrations: readonly MigrationClass[] };
  return migrations;
}

describe('every migration', () => {
  it.each(services)('of %s was measured as it is now, and makes nobody wait longer than it declares', async (service) => {
    const problems = await ledgerProblems(await migrationsOf(service), readLedger(service));
    const told = problems.map(
      ({ name, problem }) =>
        `${name} ${problem} (${ledgerPath(service)}). Run: npm run waybill -- migrate rehearse ${name} --service ${service} --write`,
    );
    expect(told).toEqual([]);
  });
});
