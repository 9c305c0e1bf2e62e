/** A function was called where no transaction is open: what belongs together could part. A programming error. */
export class NotInTransactionError extends Error {
  readonly code = 'OUTBOX_NOT_IN_TRANSACTION';

  constructor(readonly call: string) {
    super(
      `${call} needs the manager of an open transaction: pass the one that transaction() or your subscription table gave you.`,
    );
    this.name = 'NotInTransactionError';
  }
}

/** An event that consumers could not read, or the broker not take; refused before the commit. A programming error. */
export class InvalidEventError extends Error {
  readonly code = 'OUTBOX_INVALID_EVENT';

  constructor(
    readonly eventType: string,
    readonly problem: string,
  ) {
    super(`${eventType} cannot be appended to the outbox: ${problem}`);
    this.name = 'InvalidEventError';
  }
}

/**
 * True when the error of a publish names the record itself (too large, invalid), so that sending it again cannot help.
 * Whoever implements `publish` sets `recordRefused: true` on such errors, and only on them.
 */
export function isRecordRefused(error: unknown): boolean {
  return typeof error === 'object' && error !== null && 'recordRefused' in error && error.recordRefused === true;
}

/** Nothing is wrong with the rows or the database: what was not acknowledged is read and sent again. */
export class PublishFailedError extends Error {
  readonly code = 'OUTBOX_PUBLISH_FAILED';

  constructor(message: string, cause?: unknown) {
    super(message, { cause });
    this.name = 'PublishFailedError';
  }
}
