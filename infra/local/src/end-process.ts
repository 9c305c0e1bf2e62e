import { setTimeout as sleep } from 'node:timers/promises';
import { isAlive, type ProcessIdentity } from './process-identity.js';

const POLL_INTERVAL_MS = 50;

/** Asks a process to end, and kills it when it has not after `graceMs`. Never touches a stranger with the same pid. */
export async function endProcess(identity: ProcessIdentity, signal: NodeJS.Signals, graceMs: number): Promise<void> {
  send(identity, signal);
  if (!(await isGone(identity, graceMs))) {
    send(identity, 'SIGKILL');
    await isGone(identity, 5_000);
  }
}

/** True as soon as the process has ended, false when it still runs after `timeoutMs`. */
export async function isGone(identity: ProcessIdentity, timeoutMs: number): Promise<boolean> {
  const end = performance.now() + timeoutMs;
  while (isAlive(identity)) {
    if (performance.now() >= end) {
      return false;
    }
    await sleep(POLL_INTERVAL_MS);
  }
  return true;
}

function send(identity: ProcessIdentity, signal: NodeJS.Signals): void {
  if (!isAlive(identity)) {
    return;
  }
  try {
    process.kill(identity.pid, signal);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ESRCH') {
      throw error;
    }
  }
}
