import type { Service } from '@waybill/contracts';
import { knownMigrations, type MigrationClass } from '@waybill/database';
import { belongsInLedger, type Ledger, ledgerProblems } from '@waybill/database/rehearsal';
import { UsageError } from './command-errors.js';

export interface ServiceMigrations {
  readonly service: Service;
  readonly migrations: readonly MigrationClass[];
  readonly ledger: Ledger;
}

/** What is rehearsed of one service, in the order in which it runs. */
export interface Choice {
  readonly service: Service;
  readonly migrations: readonly MigrationClass[];
  readonly names: readonly string[];
}

/**
 * Those that are named, by the class or by the 13 digits at its end; else all that belong in the ledger, or of these the
 * ones whose entry does not do.
 *
 * @throws UsageError for a name that nobody knows, with those that there are
 */
export async function chooseMigrations(
  all: readonly ServiceMigrations[],
  named: readonly string[],
  onlyNew: boolean,
): Promise<readonly Choice[]> {
  for (const wanted of named) {
    if (!all.some(({ migrations }) => knownMigrations(migrations).some(({ name }) => isNamed(name, wanted)))) {
      const known = all.map(({ service, migrations }) => `${service}: ${knownMigrations(migrations).map(({ name }) => name).join(', ')}`);
      throw new UsageError(`There is no migration "${wanted}". There are\n  ${known.join('\n  ')}`);
    }
  }
  const choices = await Promise.all(
    all.map(async ({ service, migrations, ledger }) => {
      const lacking = new Set((await ledgerProblems(migrations, ledger)).map(({ name }) => name));
      const names = knownMigrations(migrations)
        .filter(({ name, timestamp }) =>
          named.length > 0 ? named.some((wanted) => isNamed(name, wanted)) : belongsInLedger(timestamp),
        )
        .map(({ name }) => name)
        .filter((name) => !onlyNew || lacking.has(name));
      return { service, migrations, names };
    }),
  );
  return choices.filter(({ names }) => names.length > 0);
}

function isNamed(name: string, wanted: string): boolean {
  return name === wanted || (/^\d{13}$/.test(wanted) && name.endsWith(wanted));
}
