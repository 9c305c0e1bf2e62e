import { instanceInWords, type LiveInstance, liveInstances } from './live-instances.js';
import { MigrationRefusedError } from './migration-errors.js';
import type { Queryable } from './queryable.js';

/**
 * Refuses a contract while an instance is alive whose build does not know it: that one still uses what it takes away.
 *
 * The table is locked against heart-beats until the end of the transaction: an instance that signs on meanwhile waits, and
 * then finds a schema that it is too old for (`schemaProblem`).
 */
export async function refuseWhileOlderLive(session: Queryable, name: string, timestamp: number, inTransaction: boolean): Promise<void> {
  if (inTransaction) {
    await session.query('LOCK TABLE schema_instances IN SHARE MODE');
  }
  const older = (await liveInstances(session)).filter(({ schema }) => schema < timestamp);
  if (older.length > 0) {
    throw new MigrationRefusedError(
      `${name} takes away what ${listed(older)} still ${older.length === 1 ? 'uses' : 'use'}. Replace ${older.length === 1 ? 'it' : 'them'} by a version that knows ${name}, wait until ${older.length === 1 ? 'it has' : 'they have'} stopped (one that was killed counts as dead after 20 s), and run it again.`,
    );
  }
}

/** Refuses the way back of an expand or a backfill while an instance is alive that was built for it. */
export async function refuseWhileNewerLive(session: Queryable, name: string, timestamp: number): Promise<void> {
  const newer = (await liveInstances(session)).filter(({ schema }) => schema >= timestamp);
  if (newer.length > 0) {
    throw new MigrationRefusedError(
      `${name} cannot go back while ${listed(newer)} ${newer.length === 1 ? 'needs' : 'need'} it. Roll the service back to the version before it first, and run this again.`,
    );
  }
}

function listed(instances: readonly LiveInstance[]): string {
  return instances.map(instanceInWords).join(' and ');
}
