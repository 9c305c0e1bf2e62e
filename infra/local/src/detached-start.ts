import { spawn } from 'node:child_process';
import { closeSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { LogFile } from './log-file.js';
import { readStack, waybillHome } from './stack-file.js';

const POLL_INTERVAL_MS = 100;

/** Starts the stack in a process that stays, shows what it says until everything is ready, and returns the exit code. */
export async function startDetached(args: readonly string[]): Promise<number> {
  const home = waybillHome();
  const log = new LogFile(join(home, 'logs', 'stack.log'));
  const output = log.openForAppending();
  const options = [...args.filter((arg) => arg !== '--detach'), '--in-background'];
  const child = spawn(process.execPath, [process.argv[1] ?? '', ...options], {
    detached: true,
    stdio: ['ignore', output, output],
    env: process.env,
  });
  closeSync(output);
  const exited = new Promise<number>((resolve) => child.once('exit', (code) => resolve(code ?? 1)));
  let exitCode: number | undefined;
  void exited.then((code) => (exitCode = code));
  const unfollow = log.follow((line) => console.log(line));
  // Whoever gives up waiting does not want half a stack.
  const stop = () => child.kill('SIGTERM');
  process.on('SIGINT', stop).on('SIGTERM', stop);
  while (exitCode === undefined && readStack(home)?.pid !== child.pid) {
    await sleep(POLL_INTERVAL_MS);
  }
  // The table comes after stack.json.
  await sleep(2 * POLL_INTERVAL_MS);
  unfollow();
  child.unref();
  process.off('SIGINT', stop).off('SIGTERM', stop);
  return exitCode ?? 0;
}
