import { randomBytes } from 'node:crypto';
import { rmSync } from 'node:fs';
import { startEmbeddedPostgres } from './infrastructure.js';
import type { ManagedServer } from './managed-server.js';
import { ProcessRoll } from './process-roll.js';
import { progressOn } from './progress.js';
import { makeTemporaryHome } from './temporary-home.js';

export interface TestPostgresOptions {
  /** Commits wait for the disk, as they do in production; false, because a test's data may go with the machine. */
  readonly durable?: boolean;
  /** Over Postgres' own settings, as in its configuration file. */
  readonly settings?: Readonly<Record<string, string>>;
}

export interface TestPostgres extends ManagedServer {
  /** `postgres://...` of the administrator. */
  readonly adminUrl: string;
}

/**
 * A real Postgres with nothing in it, from npm's binaries: no Java, no Docker. `stop` removes it with its data, and so
 * does the end of this process, whatever ended it.
 */
export async function startTestPostgres(
  write: (line: string) => void,
  { durable = false, settings = {} }: TestPostgresOptions = {},
): Promise<TestPostgres> {
  const home = await makeTemporaryHome();
  const roll = await ProcessRoll.open(home, { temporary: true });
  const clearAway = () => {
    roll.close();
    rmSync(home, { recursive: true, force: true });
  };
  try {
    const postgres = await startEmbeddedPostgres({
      home,
      roll,
      progress: progressOn(write),
      adminPassword: randomBytes(18).toString('base64url'),
      forgetful: !durable,
      postgresSettings: settings,
    });
    return {
      pid: postgres.pid,
      adminUrl: postgres.adminUrl,
      start: () => postgres.start(),
      kill: () => postgres.kill(),
      stop: async () => {
        await postgres.stop();
        clearAway();
      },
    };
  } catch (error) {
    clearAway();
    throw error;
  }
}
