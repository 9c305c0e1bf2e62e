/** The command line is not one that the command takes: nothing was done. Exit code 64. */
export class UsageError extends Error {
  readonly code = 'USAGE';

  constructor(message: string) {
    super(message);
    this.name = 'UsageError';
  }
}

/** What was asked for cannot be done, in words for a person who need not know the code. Exit code 1. */
export class RefusedError extends Error {
  readonly code = 'REFUSED';

  constructor(message: string, options?: ErrorOptions) {
    super(message, options);
    this.name = 'RefusedError';
  }
}
