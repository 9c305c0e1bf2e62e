import { parseArgs } from 'node:util';
import { messageOf } from './error-message.js';
import { type ProgramName, programs } from './services.js';
import { SetUpError } from './set-up-error.js';

export interface DevOptions {
  readonly name: ProgramName;
  readonly instance: number;
  /** Of Node's debugger; undefined: it stays closed. */
  readonly inspectPort: number | undefined;
}

const DEFAULT_INSPECT_PORT = 9229;
const USAGE = '`npm run dev -- --help` tells how it is used.';

export function readDevOptions(args: readonly string[]): DevOptions {
  // parseArgs knows no option with an optional value: `--inspect` and `--inspect=9230` are told apart here.
  const bare = args.map((arg) => (arg === '--inspect' ? `--inspect=${DEFAULT_INSPECT_PORT}` : arg));
  const { values, positionals } = parse(bare);
  const name = programs.find((each) => each === positionals[0]);
  if (name === undefined || positionals.length > 1) {
    throw new SetUpError(`Expected one of ${programs.join(', ')}; got ${positionals.join(' ') || 'nothing'}. ${USAGE}`);
  }
  return {
    name,
    instance: wholeNumber('--instance', values.instance ?? '1', 1, 9),
    inspectPort: values.inspect === undefined ? undefined : wholeNumber('--inspect', values.inspect, 1, 65_535),
  };
}

function parse(args: string[]) {
  try {
    return parseArgs({
      args,
      allowPositionals: true,
      options: { instance: { type: 'string' }, inspect: { type: 'string' } },
    });
  } catch (error) {
    throw new SetUpError(`${messageOf(error)}. ${USAGE}`);
  }
}

function wholeNumber(option: string, text: string, least: number, most: number): number {
  const value = Number(text);
  if (!Number.isInteger(value) || value < least || value > most) {
    throw new SetUpError(`${option} expects a whole number from ${least} to ${most}, got ${text}. ${USAGE}`);
  }
  return value;
}
