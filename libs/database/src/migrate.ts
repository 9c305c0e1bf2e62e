import type { MigrationPhase } from './migration.js';
import type { KnownMigration } from './migrations/known-migrations.js';
import { MigrationInterruptedError } from './migrations/migration-errors.js';
import { inMigrationSession, type MigrationSession } from './migrations/migration-session.js';
import type { MigrationSettings } from './migrations/migration-settings.js';
import { runStep } from './migrations/migration-step.js';
import { pendingMigrations, upTo } from './migrations/pending-migrations.js';
import { recordApplied } from './migrations/record-migration.js';
import { runBackfill } from './migrations/run-backfill.js';

export interface MigrateSettings extends MigrationSettings {
  /** Which phases may run: it stops before the first pending migration of the other. Both, unless told; never contract. */
  readonly phases?: readonly Exclude<MigrationPhase, 'contract'>[];
  /** Name of the last migration to run; all that are pending, unless told. */
  readonly to?: string;
}

/**
 * Runs the expands and backfills that have not run yet, in the order of their making, and returns their names. A contract
 * it passes over: see `contract`.
 *
 * One runner at a time: the others wait, and then find nothing to do. A migration that does not get its locks within its
 * lock_timeout (500 ms unless it says more) lets everybody else go first and comes back, 20 times at most. TypeORM's table
 * `migrations` is the record, written in the same transaction.
 *
 * @throws MigrationStuckError when a lock, or the other runner, could not be waited out
 * @throws DirtyDataError when rows break a constraint that is to become true, with their keys
 * @throws MigrationFailedError when one fails otherwise; those before it stay
 * @throws MigrationInterruptedError when `signal` was set
 */
export async function migrate(settings: MigrateSettings): Promise<string[]> {
  const phases: readonly MigrationPhase[] = settings.phases ?? ['expand', 'backfill'];
  return inMigrationSession(settings, async (session) => {
    const pending = upTo(await pendingMigrations(session.own, settings), settings).filter(({ phase }) => phase !== 'contract');
    const done: string[] = [];
    for (const known of pending) {
      if (settings.signal?.aborted) {
        throw new MigrationInterruptedError(known.name);
      }
      if (!phases.includes(known.phase)) {
        settings.log(`stops before ${known.name}, which is of the phase ${known.phase}`);
        return done;
      }
      await runForward(known, session, settings);
      settings.log(`${known.name} (${known.phase}) has run`);
      done.push(known.name);
    }
    return done;
  });
}

async function runForward(known: KnownMigration, session: MigrationSession, settings: MigrationSettings): Promise<void> {
  const { name, migration } = known;
  await runBackfill(known, session, settings);
  await runStep(
    {
      name,
      transaction: migration.transaction !== false,
      lockTimeoutMs: migration.lockTimeoutMs,
      statementTimeoutMs: migration.statementTimeoutMs,
      change: (runner) => migration.up(runner),
      record: ({ own }) => recordApplied(own, known),
    },
    session,
    settings,
  );
}
