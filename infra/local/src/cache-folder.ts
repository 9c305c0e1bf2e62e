import { accessSync, chmodSync, constants, existsSync, mkdirSync, mkdtempSync, renameSync, rmSync, statSync } from 'node:fs';
import { homedir, tmpdir, userInfo } from 'node:os';
import { dirname, join, resolve } from 'node:path';
import { SetUpError } from './set-up-error.js';

/** What is fetched or made once for this machine and used by every clone: `$XDG_CACHE_HOME/waybill` or `~/.cache/waybill`. */
export function cacheFolder(env: NodeJS.ProcessEnv = process.env): string {
  const preferred = join(env['XDG_CACHE_HOME'] || join(homedir(), '.cache'), 'waybill');
  // A user without a home, as some build machines have, still gets a cache; it may just not live long.
  return isOurs(preferred) ? preferred : cacheInTemporaryFolder();
}

/** The same, but where every user may read it: an administrator's home is often closed to others. */
export function sharedCacheFolder(env: NodeJS.ProcessEnv = process.env): string {
  const candidates = [cacheFolder(env), '/var/cache/waybill'];
  return candidates.find((folder) => isOurs(folder) && isReachableByAll(folder)) ?? cacheInTemporaryFolder();
}

function cacheInTemporaryFolder(): string {
  const folder = join(tmpdir(), `waybill-cache-${userInfo().uid}`);
  if (!isOurs(folder)) {
    throw new SetUpError(
      `There is no folder for what is fetched once: neither the cache folder nor ${folder} can be written. Set XDG_CACHE_HOME to one that can.`,
    );
  }
  return folder;
}

/** Made if missing. A folder of somebody else is not used: it could hold programs of theirs. */
function isOurs(folder: string): boolean {
  try {
    mkdirSync(folder, { recursive: true, mode: 0o755 });
    accessSync(folder, constants.W_OK);
    return statSync(folder).uid === userInfo().uid;
  } catch {
    return false;
  }
}

/** True if any user may pass through every folder on the way. */
export function isReachableByAll(folder: string): boolean {
  for (let path = resolve(folder); ; path = dirname(path)) {
    if ((statSync(path).mode & 0o001) === 0) {
      return false;
    }
    if (dirname(path) === path) {
      return true;
    }
  }
}

/**
 * Makes `<parent>/<name>` once: built under another name and then renamed, so that a folder that is there is complete,
 * and of two processes that build it at once one wins and both go on.
 */
export async function makeOnce(parent: string, name: string, build: (folder: string) => Promise<void>): Promise<string> {
  const folder = join(parent, name);
  if (existsSync(folder)) {
    return folder;
  }
  mkdirSync(parent, { recursive: true, mode: 0o755 });
  const draft = mkdtempSync(join(parent, `.${name}-`));
  try {
    chmodSync(draft, 0o755);
    await build(draft);
    renameSync(draft, folder);
  } catch (error) {
    if (!existsSync(folder)) {
      throw error;
    }
  } finally {
    rmSync(draft, { recursive: true, force: true });
  }
  return folder;
}
