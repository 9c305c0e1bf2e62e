/** What was awaited did not settle in time; whether it still happens, nobody knows. */
export class OverdueError extends Error {
  readonly code = 'OUTBOX_OVERDUE';

  constructor(what: string, timeoutMs: number) {
    super(`${what} took longer than ${timeoutMs} ms`);
    this.name = 'OverdueError';
  }
}

/**
 * The promise's own end, or an OverdueError: a connection that went silent must not hold the relay for ever.
 *
 * The promise itself goes on; a late rejection of it is no unhandled one.
 */
export async function settleWithin<T>(timeoutMs: number, what: string, promise: Promise<T>): Promise<T> {
  let timer: NodeJS.Timeout | undefined;
  const overdue = new Promise<never>((_, reject) => {
    timer = setTimeout(() => reject(new OverdueError(what, timeoutMs)), timeoutMs);
  });
  try {
    return await Promise.race([promise, overdue]);
  } finally {
    clearTimeout(timer);
  }
}

/** A statement that takes longer has lost its connection, whatever the connection says. */
const STATEMENT_TIMEOUT_MS = 20_000;

/** The statement's own end, or an OverdueError. */
export function statement<T>(running: Promise<T>): Promise<T> {
  return settleWithin(STATEMENT_TIMEOUT_MS, 'a statement of the relay', running);
}
