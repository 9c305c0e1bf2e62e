import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { claimPlace, giveUpPlace } from './dev-claim.js';
import { type DevOptions, readDevOptions } from './dev-options.js';
import { DevSession } from './dev-session.js';
import { isFree } from './free-port.js';
import { ProcessRoll } from './process-roll.js';
import { reportFailure } from './report-failure.js';
import { serviceEnvironment } from './service-environment.js';
import { labelOf } from './services.js';
import { SetUpError } from './set-up-error.js';
import { readStack, type StackFile, waybillHome } from './stack-file.js';

const ROOM_TIMEOUT_MS = 60_000;
const POLL_INTERVAL_MS = 100;

try {
  const options = readDevOptions(process.argv.slice(2));
  const stack = readStack();
  if (stack === undefined) {
    throw new SetUpError(`No stack runs in ${waybillHome()}; start one in another terminal: npm start`);
  }
  process.exit(await develop(options, stack));
} catch (error) {
  process.exit(reportFailure(error));
}

/** Takes the service's place in the stack, and runs what the compiler makes of the sources until Ctrl-C. */
async function develop(options: DevOptions, stack: StackFile): Promise<number> {
  const home = waybillHome();
  const label = labelOf(options);
  const place = stack.services.find(({ name, instance }) => name === options.name && instance === options.instance);
  if (place === undefined) {
    throw new SetUpError(`The stack runs no ${label}; it runs ${stack.services.map(labelOfPlace).join(', ')}.`);
  }
  const port = Number(new URL(place.url).port);
  console.log(`Taking the place of ${label} at ${place.url}; Ctrl-C gives it back.`);
  const roll = await ProcessRoll.open(join(home, 'dev', label), { temporary: false });
  claimPlace(home, options, 0);
  const session = new DevSession(options, home, roll, environmentOf(options, stack, home, port));
  try {
    await untilFree(port, label);
    return await session.run();
  } finally {
    await session.end();
    roll.close();
    giveUpPlace(home, options);
    console.log(`${label} goes back to the stack.`);
  }
}

function environmentOf(options: DevOptions, stack: StackFile, home: string, port: number): NodeJS.ProcessEnv {
  const env = serviceEnvironment(process.env, options, {
    brokers: stack.kafka.brokers,
    databases: stack.postgres,
    carrierUrl: stack.services.find(({ name }) => name === 'carrier')?.url ?? '',
    carrierDataFile: join(home, 'carrier.jsonl'),
  });
  // The stack may have been started with an offset that this terminal knows nothing of.
  env[`${options.name.toUpperCase()}_PORT`] = String(port - 100 * (options.instance - 1));
  env['WAYBILL_PORT_OFFSET'] = '0';
  return env;
}

function labelOfPlace({ name, instance }: StackFile['services'][number]): string {
  return instance === 1 ? name : `${name}.${instance}`;
}

async function untilFree(port: number, label: string): Promise<void> {
  const end = performance.now() + ROOM_TIMEOUT_MS;
  while (!(await isFree(port))) {
    if (performance.now() >= end) {
      throw new SetUpError(`${label} did not leave port ${port} within ${ROOM_TIMEOUT_MS / 1_000} s. Is the stack still running?`);
    }
    await sleep(POLL_INTERVAL_MS);
  }
}
