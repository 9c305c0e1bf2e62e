import { mkdirSync, readFileSync, rmSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { z } from 'zod';
import { replaceFile } from './file-replacement.js';
import { isAlive, ownIdentity } from './process-identity.js';
import { labelOf, type Slot } from './services.js';

const schema = z.object({
  pid: z.number().int(),
  startedAt: z.string(),
  /** Of the service's process that runs in the place; 0 while it is being built or started. */
  servicePid: z.number().int(),
});

type Place = Pick<Slot, 'name' | 'instance'>;

/**
 * `npm run dev` asks for a service's place by a file, and the stack looks for it: no port, no protocol, and a claim whose
 * owner was killed is as good as none.
 */
export function claimPlace(home: string, place: Place, servicePid: number): void {
  mkdirSync(dirname(claimFile(home, place)), { recursive: true });
  replaceFile(claimFile(home, place), JSON.stringify({ ...ownIdentity(), servicePid }));
}

export function giveUpPlace(home: string, place: Place): void {
  rmSync(claimFile(home, place), { force: true });
}

/** The claim on a place whose owner lives. */
export function readClaim(home: string, place: Place): { readonly pid: number; readonly servicePid: number } | undefined {
  try {
    const claim = schema.parse(JSON.parse(readFileSync(claimFile(home, place), 'utf8')));
    return isAlive(claim) ? claim : undefined;
  } catch {
    return undefined;
  }
}

function claimFile(home: string, place: Place): string {
  return join(home, 'dev', `${labelOf(place)}.json`);
}
