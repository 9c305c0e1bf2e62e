/** Milliseconds since 1970, finer than Date.now(), the same for all processes of this machine. */
export function now(): number {
  return performance.timeOrigin + performance.now();
}
