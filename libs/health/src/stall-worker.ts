/** The cells that the event loop and its watchman share, 32 bits each. */
export const cells = {
  /** Raised by the event loop each time it comes round. */
  beats: 0,
  /** Milliseconds for which it has not; written by the watchman. */
  stalledMs: 1,
  /** 1: the watchman goes home. */
  stop: 2,
} as const;

export interface StallWorkerData {
  readonly shared: SharedArrayBuffer;
  readonly tickMs: number;
  /** A stall of this length is worth a line; then one of twice the length, and so on. */
  readonly tellMs: number;
  /** One of this length is an error. */
  readonly stallMs: number;
  /** Where its lines go, and what each of them bears; absent: it says nothing. */
  readonly line: { readonly fd: number; readonly fields: Readonly<Record<string, unknown>> } | undefined;
}

/**
 * The watchman: runs in a thread of its own, in which nothing ever waits for the event loop.
 *
 * As text, because a worker is a file of its own, and this lib runs from its source and from its build alike. It loads
 * no module of ours and writes its line by itself: whoever is blocked can write none. Its own ticks measure the time, so
 * that a process which was stopped as a whole (SIGSTOP, a machine that slept) has not stalled.
 */
export const stallWorker = `
const { writeSync } = require('node:fs');
const { workerData: { shared, tickMs, tellMs, stallMs, line } } = require('node:worker_threads');
const cell = new Int32Array(shared);

function say(level, msg, stalledMs) {
  if (line === undefined) return;
  const entry = { level, time: Date.now(), ...line.fields, stalledMs: Math.round(stalledMs), msg };
  try {
    writeSync(line.fd, JSON.stringify(entry) + '\\n');
  } catch {
    // A full pipe, or a closed one: there is nobody to tell.
  }
}

let seen = Atomics.load(cell, ${cells.beats});
let stalledMs = 0;
let tellAt = tellMs;
let last = performance.now();
while (Atomics.wait(cell, ${cells.stop}, 0, tickMs) === 'timed-out') {
  const now = performance.now();
  const elapsed = Math.min(now - last, 2 * tickMs);
  last = now;
  const beats = Atomics.load(cell, ${cells.beats});
  if (beats !== seen) {
    if (stalledMs >= tellMs) say(40, 'the event loop turns again', stalledMs);
    seen = beats;
    stalledMs = 0;
    tellAt = tellMs;
  } else {
    stalledMs += elapsed;
    if (stalledMs >= tellAt) {
      say(stalledMs < stallMs ? 40 : 50, 'the event loop is blocked: nothing runs, and no probe is answered', stalledMs);
      tellAt *= 2;
    }
  }
  Atomics.store(cell, ${cells.stalledMs}, Math.round(stalledMs));
}
`;
