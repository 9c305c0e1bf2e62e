/**
 * What a failure means for the event:
 *
 * - `infrastructure`: the event is innocent. Its partition waits, nothing is counted.
 * - `retriable`: tried again, a few times in place and then from the parking place, until the attempts are used up.
 * - `final`: the same again cannot help. Dead at once, until an operator decides.
 * - `newer-version`: this consumer is behind. Waits without using up attempts, until it is upgraded.
 */
export type FailureDecision = 'infrastructure' | 'retriable' | 'final' | 'newer-version';

/** 08 connection, 53 resources, 57P operator intervention, 58 system; 55P03, 25P03 and 25P04 are our own time-outs. */
const INFRASTRUCTURE_SQLSTATE = /^(08...|53...|57P..|58...|55P03|25P03|25P04)$/;

const INFRASTRUCTURE_CODES = new Set([
  'COMMIT_UNKNOWN',
  'ECONNREFUSED',
  'ECONNRESET',
  'EPIPE',
  'ETIMEDOUT',
  'EHOSTUNREACH',
  'ENETUNREACH',
  'ENOTFOUND',
  'EAI_AGAIN',
]);

/** pg reports these without a code. */
const INFRASTRUCTURE_MESSAGES = [
  'Connection terminated',
  'Client has encountered a connection error',
  'Client was closed and is not queryable',
  'timeout exceeded when trying to connect',
  'Query read timeout',
  'Cannot use a pool after calling end on the pool',
  // TypeORM's words for a statement after the loss of its connection.
  'Query runner already released',
  'query runner was already released',
];

/** Data exceptions, such as a number out of range: the same data fails in the same way for ever. */
const FINAL_SQLSTATE = /^22...$/;

/**
 * The one place where it is decided what an error means. An error decides for itself with `retriable: boolean`, but
 * not that it is the infrastructure's fault.
 */
export function decideFailure(error: unknown): FailureDecision {
  const chain = causes(error);
  if (chain.some(isInfrastructure)) {
    return 'infrastructure';
  }
  if (chain.some(({ code }) => code === 'NEWER_VERSION')) {
    return 'newer-version';
  }
  const retriable = chain.find((each) => each.retriable !== undefined)?.retriable;
  if (retriable !== undefined) {
    return retriable ? 'retriable' : 'final';
  }
  return chain.some(({ code }) => code !== undefined && FINAL_SQLSTATE.test(code)) ? 'final' : 'retriable';
}

/**
 * The echo of another statement's failure, where there is one: SQLSTATE in_failed_sql_transaction, and
 * invalid_sql_statement_name of a statement that is used again after its preparation fell into the failed transaction.
 */
export function isEcho(error: unknown): boolean {
  return causes(error).some(({ code }) => code === '25P02' || code === '26000');
}

/** What is kept of an error: its class and its message. No stack, which could quote secrets, and no U+0000. */
export function describeFailure(error: unknown): { readonly errorClass: string; readonly message: string } {
  const { name, message } = error instanceof Error ? error : new Error(String(error));
  return { errorClass: name, message: storable(message) };
}

const TEXT_MAX = 1_000;

/** Text that Postgres takes: without U+0000, and of a bounded length. */
export function storable(text: string): string {
  return text.replaceAll('\0', '\u2400').slice(0, TEXT_MAX);
}

interface Cause {
  readonly code: string | undefined;
  readonly message: string;
  readonly retriable: boolean | undefined;
}

function isInfrastructure({ code, message }: Cause): boolean {
  return (
    (code !== undefined && (INFRASTRUCTURE_CODES.has(code) || INFRASTRUCTURE_SQLSTATE.test(code))) ||
    INFRASTRUCTURE_MESSAGES.some((known) => message.includes(known))
  );
}

/** The error and what it wraps: TypeORM's `driverError`, `cause`, and the parts of an AggregateError. */
function causes(error: unknown, depth = 0): Cause[] {
  if (typeof error !== 'object' || error === null || depth > 5) {
    return [];
  }
  const { code, message, retriable, driverError, cause, errors } = error as Record<string, unknown>;
  const own: Cause = {
    code: typeof code === 'string' ? code : undefined,
    message: typeof message === 'string' ? message : '',
    retriable: typeof retriable === 'boolean' ? retriable : undefined,
  };
  const inner = [driverError, cause, ...(Array.isArray(errors) ? (errors as unknown[]) : [])];
  return [own, ...inner.flatMap((each) => causes(each, depth + 1))];
}
