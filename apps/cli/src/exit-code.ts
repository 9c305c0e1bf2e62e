import { ConfigError } from '@waybill/config';
import { RefusedError, UnavailableError, UsageError } from './command-errors.js';
import { DemoError } from './demo.js';
import { NoStackError } from './find-stack.js';

/** That of an error whose words are meant for a person; undefined for one that nobody expected, whose stack is needed. */
export function exitCodeOf(error: unknown): number | undefined {
  return error instanceof UsageError ||
    error instanceof RefusedError ||
    error instanceof UnavailableError ||
    error instanceof NoStackError ||
    error instanceof DemoError ||
    error instanceof ConfigError
    ? error.exitCode
    : undefined;
}
