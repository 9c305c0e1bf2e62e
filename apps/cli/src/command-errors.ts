/** EX_USAGE and EX_UNAVAILABLE of sysexits.h. */
export const USAGE_EXIT_CODE = 64;
export const UNAVAILABLE_EXIT_CODE = 69;

/** The command line is not one that the command takes: nothing was done. */
export class UsageError extends Error {
  readonly code = 'USAGE';
  readonly exitCode = USAGE_EXIT_CODE;

  constructor(message: string) {
    super(message);
    this.name = 'UsageError';
  }
}

/** What was asked for cannot be done, in words for a person who need not know the code. */
export class RefusedError extends Error {
  readonly code = 'REFUSED';
  readonly exitCode = 1;

  constructor(message: string, options?: ErrorOptions) {
    super(message, options);
    this.name = 'RefusedError';
  }
}

/** A database, the broker or a service cannot be asked; the same command may succeed later. */
export class UnavailableError extends Error {
  readonly code = 'UNAVAILABLE';
  readonly exitCode = UNAVAILABLE_EXIT_CODE;

  constructor(message: string, options?: ErrorOptions) {
    super(message, options);
    this.name = 'UnavailableError';
  }
}
