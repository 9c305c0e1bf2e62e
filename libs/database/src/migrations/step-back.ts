import type { EntityManager } from 'typeorm';
import { appliedMigrations } from './applied-migrations.js';
import { refuseWhileNewerLive } from './contract-guard.js';
import { knownMigrations } from './known-migrations.js';
import { MigrationRefusedError } from './migration-errors.js';
import { inMigrationSession } from './migration-session.js';
import type { MigrationSettings } from './migration-settings.js';
import { runStep } from './migration-step.js';
import { recordUndone } from './record-migration.js';

export interface StepBackSettings extends MigrationSettings {
  /** Of the migration to undo: it must be the last that has run. */
  readonly name: string;
  /** Writes down who did it, in the transaction in which it is done. */
  readonly audit?: (manager: EntityManager, name: string) => Promise<void>;
}

/**
 * Runs `down` of the last migration that has run.
 *
 * What a contract has destroyed does not come back: its `down` makes room for it again.
 * @throws MigrationRefusedError when another one is the last, when this build does not know it, or when an instance that
 *   needs it is alive; MigrationFailedError when its `down` throws: nothing is changed then
 */
export async function stepBack(settings: StepBackSettings): Promise<void> {
  const { name } = settings;
  await inMigrationSession(settings, async (session) => {
    const last = (await appliedMigrations(session.own)).at(-1);
    if (last?.name !== name) {
      throw new MigrationRefusedError(
        last === undefined
          ? `${name} cannot go back: nothing has run in this database.`
          : `${name} cannot go back: the last that has run is ${last.name}. Undo the later ones first.`,
      );
    }
    const known = knownMigrations(settings.migrations).find((each) => each.name === name);
    if (known === undefined) {
      throw new MigrationRefusedError(`${name} cannot go back from here: this build does not know it. Use the build that ran it.`);
    }
    await runStep(
      {
        name: `${name}, back`,
        transaction: known.migration.transaction !== false,
        lockTimeoutMs: known.migration.lockTimeoutMs,
        statementTimeoutMs: known.migration.statementTimeoutMs,
        before: ({ own }) => (known.phase === 'contract' ? Promise.resolve() : refuseWhileNewerLive(own, name, known.timestamp)),
        change: (runner) => known.migration.down(runner),
        record: async ({ own, runner }) => {
          await recordUndone(own, name);
          await settings.audit?.(runner.manager, name);
        },
      },
      session,
      settings,
    );
  });
}
