/** The acceptance test of liveness asks for it: the event loop blocked for 10 s. */
const BLOCKED_MS = 10_000;

/*
 * A regular expression that backtracks, JSON of a hundred megabytes, a loop that was meant for ten elements.
 *
 * Nothing runs, so nothing can say so: no probe is answered, no heartbeat sent, no signal heard.
 */
export function install(): () => void {
  return () => {
    const end = performance.now() + BLOCKED_MS;
    while (performance.now() < end) {
      // On purpose.
    }
  };
}
