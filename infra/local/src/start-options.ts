import { parseArgs } from 'node:util';
import { messageOf } from './error-message.js';
import { SetUpError } from './set-up-error.js';

export interface StartOptions {
  readonly fresh: boolean;
  readonly detach: boolean;
  readonly instances: number;
  readonly restart: boolean;
  readonly portOffset: string | undefined;
  /** Set by `--detach` on the process that stays. */
  readonly inBackground: boolean;
}

const INSTANCES_MAX = 9;

export function readStartOptions(args: readonly string[]): StartOptions {
  const values = parse(args);
  const instances = Number(values.instances ?? 1);
  if (!Number.isInteger(instances) || instances < 1 || instances > INSTANCES_MAX) {
    throw new SetUpError(`--instances expects a whole number from 1 to ${INSTANCES_MAX}, got ${values.instances ?? ''}.`);
  }
  return {
    fresh: values.fresh ?? false,
    detach: values.detach ?? false,
    instances,
    restart: !(values['no-restart'] ?? false),
    portOffset: values['port-offset'],
    inBackground: values['in-background'] ?? false,
  };
}

function parse(args: readonly string[]) {
  try {
    return parseArgs({
      args: [...args],
      options: {
        fresh: { type: 'boolean' },
        detach: { type: 'boolean' },
        instances: { type: 'string' },
        'no-restart': { type: 'boolean' },
        'port-offset': { type: 'string' },
        'in-background': { type: 'boolean' },
      },
    }).values;
  } catch (error) {
    throw new SetUpError(`${messageOf(error)}. \`npm start -- --help\` lists the options.`);
  }
}
