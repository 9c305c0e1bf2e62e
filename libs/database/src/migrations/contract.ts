import type { EntityManager } from 'typeorm';
import { refuseWhileOlderLive } from './contract-guard.js';
import type { KnownMigration } from './known-migrations.js';
import { MigrationInterruptedError, MigrationRefusedError } from './migration-errors.js';
import { inMigrationSession } from './migration-session.js';
import type { MigrationSettings } from './migration-settings.js';
import { runStep } from './migration-step.js';
import { pendingMigrations, upTo } from './pending-migrations.js';
import { recordApplied } from './record-migration.js';

export interface ContractSettings extends MigrationSettings {
  /** Name of the last one to run; all that are pending, unless told. */
  readonly to?: string;
  /** Writes down who did it, in the transaction in which it is done. */
  readonly audit?: (manager: EntityManager, name: string) => Promise<void>;
}

/**
 * Runs the pending contracts, oldest first, and returns their names. They destroy: there is no way back to the data.
 *
 * @throws MigrationRefusedError while an expand or backfill before it has not run, or an instance that is too old for it is
 *   alive; nothing is changed then
 */
export async function contract(settings: ContractSettings): Promise<string[]> {
  return inMigrationSession(settings, async (session) => {
    const pending = await pendingMigrations(session.own, settings);
    const done: string[] = [];
    for (const known of upTo(pending, settings).filter(({ phase }) => phase === 'contract')) {
      if (settings.signal?.aborted) {
        throw new MigrationInterruptedError(known.name);
      }
      refuseBeforeOthers(known, pending);
      const transaction = known.migration.transaction !== false;
      await runStep(
        {
          name: known.name,
          transaction,
          lockTimeoutMs: known.migration.lockTimeoutMs,
          statementTimeoutMs: known.migration.statementTimeoutMs,
          before: ({ own }) => refuseWhileOlderLive(own, known.name, known.timestamp, transaction),
          change: (runner) => known.migration.up(runner),
          record: async ({ own, runner }) => {
            await recordApplied(own, known);
            await settings.audit?.(runner.manager, known.name);
          },
        },
        session,
        settings,
      );
      settings.log(`${known.name} (contract) has run`);
      done.push(known.name);
    }
    return done;
  });
}

function refuseBeforeOthers(known: KnownMigration, pending: readonly KnownMigration[]): void {
  const before = pending.find(({ timestamp, phase }) => phase !== 'contract' && timestamp < known.timestamp);
  if (before !== undefined) {
    throw new MigrationRefusedError(
      `${known.name} comes after ${before.name} (${before.phase}), which has not run. Run that first: waybill migrate ${before.phase}.`,
    );
  }
}
