import { chmodSync, existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { isAlive, ownIdentity, type ProcessIdentity } from './process-identity.js';
import { endLeftOvers } from './process-roll.js';

const PREFIX = 'waybill-home-';
const OWNER_FILE = 'owner.json';

/** A home for one test run. Those whose owner was killed are cleared away first, with what still runs in them. */
export async function makeTemporaryHome(): Promise<string> {
  await clearAbandonedHomes();
  const home = mkdtempSync(join(tmpdir(), PREFIX));
  // mkdtemp closes it to others; as root, Postgres runs as another user.
  chmodSync(home, 0o711);
  writeFileSync(join(home, OWNER_FILE), JSON.stringify(ownIdentity()), { mode: 0o600 });
  return home;
}

async function clearAbandonedHomes(): Promise<void> {
  const homes = readdirSync(tmpdir()).filter((name) => name.startsWith(PREFIX));
  for (const name of homes) {
    const home = join(tmpdir(), name);
    const owner = readOwner(home);
    // No owner yet: somebody is just making it. No access: another user's.
    if (owner !== undefined && !isAlive(owner)) {
      await endLeftOvers(home);
      rmSync(home, { recursive: true, force: true });
    }
  }
}

function readOwner(home: string): ProcessIdentity | undefined {
  try {
    const file = join(home, OWNER_FILE);
    return existsSync(file) ? (JSON.parse(readFileSync(file, 'utf8')) as ProcessIdentity) : undefined;
  } catch {
    return undefined;
  }
}
