import { linkSync, mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { isAlive, ownIdentity, type ProcessIdentity } from './process-identity.js';
import { SetUpError } from './set-up-error.js';

/** One stack a home: two would write over each other's data. Returns the function that gives the lock back. */
export function lockHome(home: string): () => void {
  mkdirSync(home, { recursive: true });
  const file = lockFile(home);
  const own = `${file}.${process.pid}`;
  writeFileSync(own, JSON.stringify(ownIdentity()), { mode: 0o600 });
  try {
    // A link is made whole or not at all: nobody can read a lock that is half written.
    for (;;) {
      try {
        linkSync(own, file);
        return () => rmSync(file, { force: true });
      } catch (error) {
        if ((error as NodeJS.ErrnoException).code !== 'EEXIST') {
          throw error;
        }
      }
      const owner = lockOwner(home);
      if (owner !== undefined) {
        throw new SetUpError(
          `A stack runs in ${home} already (pid ${owner.pid}). Stop it with \`npm stop\`; for a second one beside it set WAYBILL_HOME and WAYBILL_PORT_OFFSET.`,
        );
      }
      rmSync(file, { force: true });
    }
  } finally {
    rmSync(own, { force: true });
  }
}

/** Who runs a stack in this home now. */
export function lockOwner(home: string): ProcessIdentity | undefined {
  try {
    const owner = JSON.parse(readFileSync(lockFile(home), 'utf8')) as ProcessIdentity;
    return isAlive(owner) ? owner : undefined;
  } catch {
    return undefined;
  }
}

function lockFile(home: string): string {
  return join(home, 'lock');
}
