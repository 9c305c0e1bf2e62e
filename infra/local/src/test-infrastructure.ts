import { randomBytes } from 'node:crypto';
import { rmSync } from 'node:fs';
import { clearDocker } from './docker-server.js';
import {
  startDockerKafka,
  startDockerPostgres,
  startEmbeddedKafka,
  startEmbeddedPostgres,
} from './infrastructure.js';
import { findJava } from './java.js';
import type { ManagedServer } from './managed-server.js';
import { ProcessRoll } from './process-roll.js';
import { progressOn } from './progress.js';
import { startTogether } from './start-together.js';
import { makeTemporaryHome } from './temporary-home.js';

export interface TestInfrastructureOptions {
  /** Commits wait for the disk, as they do in production; false, because a test's data may go with the machine. */
  readonly durable?: boolean;
  /** Over Postgres' own settings, as in its configuration file; only where it is a program of this machine. */
  readonly postgresSettings?: Readonly<Record<string, string>>;
}

export interface TestInfrastructure {
  readonly kafka: ManagedServer & { readonly brokers: string };
  readonly postgres: ManagedServer & { readonly adminUrl: string };
  stop(): Promise<void>;
}

/**
 * A real Kafka and a real Postgres with nothing in them, for one test run; `stop` leaves no trace.
 *
 * Programs of this machine where there is Java: they start in three seconds. Else containers.
 */
export async function startTestInfrastructure(
  write: (line: string) => void,
  { durable = false, postgresSettings = {} }: TestInfrastructureOptions = {},
): Promise<TestInfrastructure> {
  const home = await makeTemporaryHome();
  const roll = await ProcessRoll.open(home, { temporary: true });
  const inContainers = !(await hasJava());
  const clearAway = async () => {
    roll.close();
    if (inContainers) {
      await clearDocker(home, { data: true });
    }
    rmSync(home, { recursive: true, force: true });
  };
  try {
    const adminPassword = randomBytes(18).toString('base64url');
    const options = { home, roll, progress: progressOn(write), adminPassword, forgetful: !durable, postgresSettings };
    const [kafka, postgres] = await startTogether<TestInfrastructure['kafka'], TestInfrastructure['postgres']>(
      inContainers ? startDockerKafka(options) : startEmbeddedKafka(options),
      inContainers ? startDockerPostgres(options) : startEmbeddedPostgres(options),
    );
    const stop = async () => {
      await Promise.all([kafka.stop(), postgres.stop()]);
      await clearAway();
    };
    return { kafka, postgres, stop };
  } catch (error) {
    await clearAway();
    throw error;
  }
}

async function hasJava(): Promise<boolean> {
  try {
    await findJava();
    return true;
  } catch {
    return false;
  }
}
