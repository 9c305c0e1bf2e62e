import { ConfigError } from '@waybill/config';
import { ProgramError } from './run-program.js';
import { ServerStartError } from './server-start.js';
import { SET_UP_EXIT_CODE, SetUpError } from './set-up-error.js';

/** Tells a person what went wrong, without a stack trace where the message says it all. Returns the exit code. */
export function reportFailure(error: unknown, write: (line: string) => void = (line) => console.error(line)): number {
  if (error instanceof SetUpError || error instanceof ConfigError) {
    write(`\n${error.message}`);
    return SET_UP_EXIT_CODE;
  }
  if (error instanceof AggregateError) {
    return Math.max(...error.errors.map((each) => reportFailure(each, write)));
  }
  write(`\n${error instanceof ServerStartError || error instanceof ProgramError ? error.message : describe(error)}`);
  return 1;
}

function describe(error: unknown): string {
  return error instanceof Error ? (error.stack ?? error.message) : String(error);
}
