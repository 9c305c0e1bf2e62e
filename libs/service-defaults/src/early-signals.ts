/**
 * Imported by a main before everything else, for its effect: a process that is told to stop while it still loads its code
 * holds nothing, and ends at once with 0. As soon as anybody else listens to the signal, it is theirs.
 *
 * Without it, such a process would be ended by the signal (exit code 143); and where it has the number 1, as in a
 * container without an init, it would not hear the signal, start, serve, and be killed at the end of the grace period.
 * Source: pid_namespaces(7), "signals sent to the init process".
 */
for (const signal of ['SIGTERM', 'SIGINT'] as const) {
  process.on(signal, () => {
    if (process.listenerCount(signal) === 1) {
      process.exit(0);
    }
  });
}

export {};
