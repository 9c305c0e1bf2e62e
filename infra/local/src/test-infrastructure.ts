import { randomBytes } from 'node:crypto';
import { rmSync } from 'node:fs';
import { type Infrastructure, startEmbedded } from './infrastructure.js';
import { ProcessRoll } from './process-roll.js';
import { progressOn } from './progress.js';
import { makeTemporaryHome } from './temporary-home.js';

/** A real Kafka and a real Postgres with nothing in them, for one test run; `stop` leaves no trace. */
export async function startTestInfrastructure(write: (line: string) => void): Promise<Infrastructure> {
  const home = await makeTemporaryHome();
  const roll = await ProcessRoll.open(home, { temporary: true });
  const clearAway = () => {
    roll.close();
    rmSync(home, { recursive: true, force: true });
  };
  try {
    const adminPassword = randomBytes(18).toString('base64url');
    const started = await startEmbedded({ home, roll, progress: progressOn(write), adminPassword, forgetful: true });
    const stop = async () => {
      await started.stop();
      clearAway();
    };
    return { ...started, stop };
  } catch (error) {
    clearAway();
    throw error;
  }
}
