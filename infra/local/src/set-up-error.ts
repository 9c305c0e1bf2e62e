/** Something about this machine or the configuration is not as it must be. The message says what to do; exit code 78. */
export class SetUpError extends Error {
  readonly code = 'SET_UP';

  constructor(message: string, options?: ErrorOptions) {
    super(message, options);
    this.name = 'SetUpError';
  }
}

/** EX_CONFIG of sysexits.h. */
export const SET_UP_EXIT_CODE = 78;
