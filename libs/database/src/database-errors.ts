/** The COMMIT was sent and its answer never came: the transaction may have happened, or not. Ask, do not assume. */
export class CommitUnknownError extends Error {
  readonly code = 'COMMIT_UNKNOWN';

  constructor(cause: unknown) {
    super('The connection was lost while the transaction was being committed; it may or may not have taken effect.', {
      cause,
    });
    this.name = 'CommitUnknownError';
  }
}

/** The connection was lost before COMMIT was sent: the server has rolled the transaction back. */
export class ConnectionLostError extends Error {
  /** SQLSTATE connection_failure. */
  readonly code = '08006';

  constructor(cause?: unknown) {
    super('The connection to the database was lost before the transaction was committed; nothing of it has happened.', {
      cause,
    });
    this.name = 'ConnectionLostError';
  }
}

/**
 * A statement had failed, its error was swallowed, and the transaction went on to COMMIT: Postgres would have answered
 * that COMMIT with ROLLBACK, and the caller would have taken a lost change for a made one.
 */
export class AbortedTransactionError extends Error {
  readonly code = 'TRANSACTION_ABORTED';

  constructor() {
    super(
      'The transaction cannot be committed: one of its statements failed and the error was caught inside the transaction. Let errors leave it.',
    );
    this.name = 'AbortedTransactionError';
  }
}

const CONNECTION_CODES = new Set([
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
const CONNECTION_MESSAGES = [
  'Connection terminated',
  'Client has encountered a connection error',
  'timeout exceeded when trying to connect',
  'Query read timeout',
];

/** 08 connection, 53 resources, 57P operator intervention; 55P03, 25P03 and 25P04 are our own time-outs. */
const INFRASTRUCTURE_SQLSTATE = /^(08...|53...|57P..|57014|55P03|25P03|25P04)$/;

/** True for a fault of the infrastructure rather than of the statement: waiting helps, changing the input does not. */
export function isDatabaseUnavailable(error: unknown): boolean {
  for (const each of causes(error)) {
    const { code, message } = each;
    if (code !== undefined && (CONNECTION_CODES.has(code) || INFRASTRUCTURE_SQLSTATE.test(code))) {
      return true;
    }
    if (CONNECTION_MESSAGES.some((known) => message.includes(known))) {
      return true;
    }
  }
  return false;
}

/** True when the connection itself is gone, so that nobody knows what became of the last statement. */
export function isConnectionLost(error: unknown): boolean {
  return causes(error).some(
    ({ code, message }) =>
      (code !== undefined && (CONNECTION_CODES.has(code) || /^(08...|57P0[123]|25P0[34])$/.test(code))) ||
      CONNECTION_MESSAGES.some((known) => message.includes(known)),
  );
}

/** SQLSTATE of the error or of what it wraps, such as `40001`. */
export function sqlStateOf(error: unknown): string | undefined {
  return causes(error).find(({ code }) => code !== undefined && /^[0-9A-Z]{5}$/.test(code))?.code;
}

/**
 * True for a prepared statement whose columns a migration has changed since: nothing has happened, and prepared anew it
 * will do. Postgres has no SQLSTATE of its own for it.
 */
export function isStalePlan(error: unknown): boolean {
  return causes(error).some(({ code, message }) => code === '0A000' && message.startsWith('cached plan must not change'));
}

interface Cause {
  readonly code: string | undefined;
  readonly message: string;
}

/** The error and what it wraps: TypeORM's `driverError`, `cause`, and the parts of an AggregateError. */
function causes(error: unknown, depth = 0): Cause[] {
  if (typeof error !== 'object' || error === null || depth > 5) {
    return [];
  }
  const { code, message, driverError, cause, errors } = error as Record<string, unknown>;
  const own: Cause = {
    code: typeof code === 'string' ? code : undefined,
    message: typeof message === 'string' ? message : '',
  };
  const inner = [driverError, cause, ...(Array.isArray(errors) ? (errors as unknown[]) : [])];
  return [own, ...inner.flatMap((each) => causes(each, depth + 1))];
}
