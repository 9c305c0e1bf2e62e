import { existsSync, readFileSync, realpathSync } from 'node:fs';
import { hostname } from 'node:os';
import { dirname, join } from 'node:path';

export interface ServiceIdentity {
  readonly name: string;
  readonly version: string;
  /** Tells two instances of one service apart, also across restarts of the machine. */
  readonly instance: string;
}

/** Who this process is, from OTEL_SERVICE_NAME and the package.json that its entry file belongs to. */
export function serviceIdentity(env: NodeJS.ProcessEnv, entry: string | undefined): ServiceIdentity {
  const manifest = entry === undefined ? {} : nearestManifest(entry);
  const name = env['OTEL_SERVICE_NAME'] || manifest.name?.replace(/^@[^/]+\//, '') || 'unknown_service';
  return {
    name,
    version: manifest.version ?? '0.0.0',
    instance: `${hostname()}-${env['WAYBILL_INSTANCE'] || '1'}`,
  };
}

interface Manifest {
  readonly name?: string;
  readonly version?: string;
}

function nearestManifest(entry: string): Manifest {
  if (!existsSync(entry)) {
    return {};
  }
  for (let folder = dirname(realpathSync(entry)); ; folder = dirname(folder)) {
    const path = join(folder, 'package.json');
    if (existsSync(path)) {
      return JSON.parse(readFileSync(path, 'utf8')) as Manifest;
    }
    if (folder === dirname(folder)) {
      return {};
    }
  }
}
