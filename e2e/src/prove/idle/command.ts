import { appendFileSync } from 'node:fs';
import { mkdir, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { parseArgs } from 'node:util';
import { until } from '@waybill/testing';
import { OrderLoad } from '../../order-load.js';
import { askOften, timesText } from '../../probe-load.js';
import { ProbedPlatform } from '../../probed-platform.js';
import { CommandLineError, numberOf } from '../command-line.js';

export interface IdleOptions {
  readonly minutes: number;
  readonly instances: number;
  /** HEALTH_STUCK_MS of the services; absent: their own default. */
  readonly stuckSeconds: number | undefined;
}

interface Court {
  readonly say: (line: string) => void;
  readonly signal: AbortSignal;
}

/** EX_USAGE of sysexits.h. */
const WRONG_ARGUMENTS = 64;
const MINUTES = 10;
const PROBING = { perSecond: 100, ms: 10_000 } as const;
const STOCK = 1_000_000;
const LOGS = join('reports', 'prove', 'idle');

/** @throws CommandLineError */
export function readIdleOptions(args: readonly string[]): IdleOptions {
  try {
    const { values } = parseArgs({
      args: [...args],
      options: { minutes: { type: 'string' }, instances: { type: 'string' }, 'stuck-seconds': { type: 'string' } },
    });
    return {
      minutes: numberOf('minutes', values.minutes, { min: 1, max: 10_000 }) ?? MINUTES,
      instances: numberOf('instances', values.instances, { min: 1, max: 5 }) ?? 2,
      stuckSeconds: numberOf('stuck-seconds', values['stuck-seconds'], { min: 1, max: 3_600 }),
    };
  } catch (error) {
    throw error instanceof CommandLineError ? error : new CommandLineError(error instanceof Error ? error.message : String(error));
  }
}

/**
 * Leaves the platform alone in the hands of a simulated kubelet: whatever is restarted is restarted for nothing. Then it
 * measures what a hundred probes a second cost, idle and under a load.
 *
 * @returns the exit code: 0 when nothing was restarted, nor taken out of the endpoints; 64 for wrong arguments
 */
export async function idleCommand(args: readonly string[], { say, signal }: Court): Promise<number> {
  let options: IdleOptions;
  try {
    options = readIdleOptions(args);
  } catch (error) {
    if (!(error instanceof CommandLineError)) {
      throw error;
    }
    say(`${error.message} See npm run prove -- --help.`);
    return WRONG_ARGUMENTS;
  }
  const { minutes, instances, stuckSeconds } = options;
  const env = stuckSeconds === undefined ? {} : { HEALTH_STUCK_MS: String(stuckSeconds * 1_000) };
  await rm(LOGS, { recursive: true, force: true });
  await mkdir(LOGS, { recursive: true });
  const probed = await ProbedPlatform.start({ instances, env }, (name, instance) => ({
    onLine: (line) => appendFileSync(join(LOGS, `${name}-${instance}.log`), `${line}\n`),
  }));
  try {
    await until(() => probed.ready || signal.aborted, { timeoutMs: 120_000, what: 'all services to be ready' });
    say(`${probed.services.length} processes are ready; they are left alone for ${minutes} minutes`);
    for (let minute = 1; minute <= minutes; minute++) {
      await sleep(60_000, undefined, { signal });
      say(`minute ${minute}: ${probed.asked} probes, ${probed.failures.length} failed, ${probed.restarts} restarts`);
    }
    const { restarts, timesUnready } = probed;
    say(`${restarts} restarts, ${timesUnready} times not ready, in ${minutes} idle minutes of ${probed.services.length} processes`);
    for (const line of probed.failures) {
      say(line);
    }
    const url = `${probed.service('orders').url}/health/ready`;
    say(`idle: ${timesText(await askOften(url, PROBING))}`);
    await probed.platform.customer.setStock('IDLE-1', STOCK);
    const ordering = new OrderLoad(probed.platform, 'IDLE-1');
    say(`under a load of orders: ${timesText(await askOften(url, PROBING))}`);
    await ordering.stop();
    say(`${probed.restarts - restarts} restarts under the load`);
    return probed.restarts === 0 && timesUnready === 0 ? 0 : 1;
  } catch (error) {
    say(`what happened to the processes:\n${probed.history()}`);
    throw error;
  } finally {
    say(`their logs are in ${LOGS}`);
    await probed.stop();
  }
}
