/** What npm wrote down about one installed package. */
export interface LockedPackage {
  readonly version?: string;
  readonly resolved?: string;
  readonly integrity?: string;
  readonly link?: boolean;
  readonly dependencies?: Record<string, string>;
  readonly devDependencies?: Record<string, string>;
  readonly optionalDependencies?: Record<string, string>;
  readonly peerDependencies?: Record<string, string>;
  readonly peerDependenciesMeta?: Record<string, { optional?: boolean }>;
}

export interface LockFile {
  readonly packages: Record<string, LockedPackage>;
}

/** npm's overrides: a version for a name everywhere, or under another name only. */
export interface Overrides {
  readonly [name: string]: string | Overrides;
}

const EXACT = /^\d+\.\d+\.\d+(?:[-+][\w.+-]+)?$/;

/**
 * What `npm ci` would report as missing, without asking a registry: "dependent needs name@wanted".
 *
 * The usual cause is a native tool whose packages for other platforms were not published yet when the lock was made:
 * `npm install` passes over them, `npm ci` refuses, on every platform.
 */
export function missingFromLock(lock: LockFile, overrides: Overrides = {}): string[] {
  const overridden = namesOf(overrides);
  return Object.entries(lock.packages).flatMap(([path, entry]) => {
    const isWorkspace = !path.includes('node_modules');
    const optionalPeers = Object.entries(entry.peerDependenciesMeta ?? {}).filter(([, meta]) => meta.optional === true);
    const needed = {
      ...entry.peerDependencies,
      ...Object.fromEntries(optionalPeers.map(([name]) => [name, undefined])),
      ...(isWorkspace ? entry.devDependencies : {}),
      ...entry.optionalDependencies,
      ...entry.dependencies,
    };
    return Object.entries(needed).flatMap(([name, wanted]) => {
      if (wanted === undefined) {
        return [];
      }
      const found = resolve(lock, path, name);
      const anyVersion = !EXACT.test(wanted) || overridden.has(name) || found?.link === true;
      const fits = found !== undefined && (anyVersion || found.version === wanted);
      return fits ? [] : [`${path === '' ? 'package.json' : path} needs ${name}@${wanted}`];
    });
  });
}

function namesOf(overrides: Overrides): Set<string> {
  return new Set(
    Object.entries(overrides).flatMap(([name, to]) => (typeof to === 'string' ? [name] : [...namesOf(to)])),
  );
}

/** Node's own way: the nearest node_modules on the way up. */
function resolve(lock: LockFile, from: string, name: string): LockedPackage | undefined {
  for (let folder = from; ; folder = folder.replace(/(^|\/)(node_modules\/)?(@[^/]+\/)?[^/]+$/, '')) {
    const found = lock.packages[folder === '' ? `node_modules/${name}` : `${folder}/node_modules/${name}`];
    if (found !== undefined || folder === '') {
      return found;
    }
  }
}
