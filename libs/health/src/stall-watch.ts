import { Worker } from 'node:worker_threads';
import { FreeTime } from './free-time.js';
import type { HealthLog } from './health-log.js';
import { cells, stallWorker, type StallWorkerData } from './stall-worker.js';

export interface StallWatchOptions {
  readonly log: HealthLog;
  /** A stall of this length makes the process not live, once it can answer again. */
  readonly stallMs: number;
  /** Where the watchman writes, and what each line bears; absent: nowhere. */
  readonly line?: StallWorkerData['line'];
  readonly now?: () => number;
}

export interface StallReport {
  /** The last stall that was long enough to be told. */
  readonly lastStallMs: number;
  readonly endedMsAgo?: number;
  readonly longestStallMs: number;
}

const TICK_MS = 250;
const TELL_MS = 1_000;

/**
 * Watches the event loop from a thread of its own.
 *
 * While the loop is blocked no probe is answered, and the prober's time-out speaks for it; the watchman writes what is
 * the matter. Afterwards the process counts as not live for as long as it was blocked, if that was longer than the
 * bound: one that blocks again and again fails, however its free moments fall between the probes.
 */
export class StallWatch {
  private readonly shared = new SharedArrayBuffer(Object.keys(cells).length * Int32Array.BYTES_PER_ELEMENT);
  private readonly cell = new Int32Array(this.shared);
  private readonly now: () => number;
  private readonly freeTime: FreeTime;
  private timer: NodeJS.Timeout | undefined;
  private worker: Worker | undefined;
  private last: { readonly ms: number; readonly endedAt: number } | undefined;
  private longestMs = 0;
  private countsFrom = Infinity;

  constructor(private readonly options: StallWatchOptions) {
    this.now = options.now ?? (() => performance.now());
    this.freeTime = new FreeTime(TICK_MS, this.now);
  }

  start(): void {
    if (this.timer !== undefined) {
      return;
    }
    this.timer = setInterval(() => this.tick(), TICK_MS).unref();
    const { log, line, stallMs } = this.options;
    const workerData: StallWorkerData = { shared: this.shared, tickMs: TICK_MS, tellMs: Math.min(TELL_MS, stallMs), stallMs, line };
    // Nothing of what is preloaded into the service belongs into this thread, nor its environment.
    const worker = new Worker(stallWorker, { eval: true, workerData, execArgv: [], env: {}, resourceLimits: { maxOldGenerationSizeMb: 16 } });
    worker.unref();
    worker.on('error', (error) => log.warn('the event loop is not watched any more', { why: error.message }));
    this.worker = worker;
  }

  /** The process has started: what blocks it from now on counts. A start loads and builds, and may take long on a busy machine. */
  started(): void {
    this.countsFrom = Math.min(this.countsFrom, this.now());
  }

  stop(): void {
    clearInterval(this.timer);
    this.timer = undefined;
    Atomics.store(this.cell, cells.stop, 1);
    Atomics.notify(this.cell, cells.stop);
    void this.worker?.terminate();
    this.worker = undefined;
  }

  /** Milliseconds, in which only such time counts as the event loop was free. */
  readonly freeNow = (): number => this.freeTime.read();

  /** How long the stall was on whose account the process is not live. */
  get failedMs(): number | undefined {
    if (this.last === undefined || this.last.ms < this.options.stallMs || this.last.endedAt - this.last.ms < this.countsFrom) {
      return undefined;
    }
    return this.now() - this.last.endedAt < this.last.ms ? this.last.ms : undefined;
  }

  report(): StallReport {
    return {
      lastStallMs: this.last?.ms ?? 0,
      ...(this.last === undefined ? {} : { endedMsAgo: Math.round(this.now() - this.last.endedAt) }),
      longestStallMs: this.longestMs,
    };
  }

  private tick(): void {
    // What the watchman has counted until now; he sees the beat below, and begins anew.
    const stalledMs = Atomics.load(this.cell, cells.stalledMs);
    if (stalledMs >= Math.min(TELL_MS, this.options.stallMs)) {
      this.last = { ms: stalledMs, endedAt: this.now() };
      this.longestMs = Math.max(this.longestMs, stalledMs);
    }
    Atomics.store(this.cell, cells.stalledMs, 0);
    Atomics.add(this.cell, cells.beats, 1);
    this.freeTime.tick();
  }
}
