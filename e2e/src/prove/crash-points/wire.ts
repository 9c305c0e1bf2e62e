import type { Trap } from './trap.js';

/** Where a service's process finds whoever sets the traps: a UNIX socket; one JSON value a line. */
export const SOCKET_VARIABLE = 'PROVE_CRASH_POINTS';

export type FromService =
  | { readonly kind: 'hello'; readonly service: string; readonly instance: number; readonly pid: number }
  | { readonly kind: 'seen'; readonly point: string; readonly mayBeLost: boolean }
  | { readonly kind: 'fired'; readonly trap: Trap };

/** The answer to `hello` comes before the process goes on to start. */
export interface ToService {
  readonly trap: Trap | null;
  /** Tell again of every point, also of those that were told of. */
  readonly again?: boolean;
}

/** Cuts a stream of text into lines; what has no end yet waits for more. */
export function linesOf(onLine: (line: string) => void): (chunk: string) => void {
  let rest = '';
  return (chunk) => {
    const lines = (rest + chunk).split('\n');
    rest = lines.pop() ?? '';
    for (const line of lines) {
      onLine(line);
    }
  };
}
