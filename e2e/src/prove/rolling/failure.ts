/** What became of a request that was not answered as it should be; `http 503`, where the answer itself says so. */
export type Failure = 'refused' | 'reset' | 'time-out' | 'no instance' | 'other' | `http ${number}`;

const codes: Readonly<Record<string, Failure>> = {
  ECONNREFUSED: 'refused',
  ECONNRESET: 'reset',
  EPIPE: 'reset',
  ECONNABORTED: 'reset',
  ETIMEDOUT: 'time-out',
  ABORT_ERR: 'time-out',
};

/** By the code that Node gives; "socket hang up" has that of a reset. */
export function failureOf(error: unknown): Failure {
  const { code = '' } = error as { readonly code?: string };
  return codes[code] ?? 'other';
}

export function isFailure(text: string): text is Failure {
  return ['refused', 'reset', 'time-out', 'no instance', 'other'].includes(text);
}
