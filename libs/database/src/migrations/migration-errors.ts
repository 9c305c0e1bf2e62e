/** It must not run now; nothing was changed. */
export class MigrationRefusedError extends Error {
  readonly code = 'MIGRATION_REFUSED';

  constructor(message: string, options?: ErrorOptions) {
    super(message, options);
    this.name = 'MigrationRefusedError';
  }
}

/** It did not get its locks in all its tries; nothing waits for a lock any more. */
export class MigrationStuckError extends Error {
  readonly code = 'MIGRATION_STUCK';

  constructor(message: string, options?: ErrorOptions) {
    super(message, options);
    this.name = 'MigrationStuckError';
  }
}

/** One of its statements failed. What it had done is rolled back, where it runs in a transaction. */
export class MigrationFailedError extends Error {
  readonly code = 'MIGRATION_FAILED';

  constructor(message: string, options?: ErrorOptions) {
    super(message, options);
    this.name = 'MigrationFailedError';
  }
}

/** Rows that are there break what it wants to be true of all of them. */
export class DirtyDataError extends Error {
  readonly code = 'DIRTY_DATA';

  constructor(
    message: string,
    /** Their primary keys, at most ten; the columns of a composite one are joined by a comma. */
    readonly rows: readonly string[],
    options?: ErrorOptions,
  ) {
    super(message, options);
    this.name = 'DirtyDataError';
  }
}

/** It was told to stop. What ran was rolled back; a backfill keeps its finished batches. The next run goes on. */
export class MigrationInterruptedError extends Error {
  readonly code = 'MIGRATION_INTERRUPTED';

  constructor(name: string, options?: ErrorOptions) {
    super(`${name} was interrupted. Run it again: it goes on where it was.`, options);
    this.name = 'MigrationInterruptedError';
  }
}
