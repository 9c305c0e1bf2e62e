import { setTimeout as sleep } from 'node:timers/promises';
import type { OrderLoad } from './load.js';
import type { PlatformWatch } from './platform-watch.js';
import type { Sample } from './record.js';

const EVERY_MS = 500;

/** Looks at the platform twice a second, and keeps what it saw. */
export class Sampler {
  readonly samples: Sample[] = [];
  private readonly stopping = new AbortController();
  private running: Promise<void> | undefined;
  private unknownBefore = 0;

  constructor(
    private readonly watch: PlatformWatch,
    private readonly load: OrderLoad,
    private readonly now: () => number,
  ) {}

  start(): void {
    this.running ??= this.run();
  }

  async stop(): Promise<void> {
    this.stopping.abort();
    await this.running;
  }

  private async run(): Promise<void> {
    while (!this.stopping.signal.aborted) {
      await this.take();
      await sleep(EVERY_MS, undefined, { signal: this.stopping.signal }).catch(() => undefined);
    }
  }

  private async take(): Promise<void> {
    const { watch, load } = this;
    const atMs = this.now();
    const durations = load.takeDurations().sort((one, other) => one - other);
    const unknown = load.unknown - this.unknownBefore;
    this.unknownBefore = load.unknown;
    const orNull = (question: Promise<number>) => question.catch(() => null);
    const [ended, outboxRows, lag] = await Promise.all([orNull(watch.ended()), orNull(watch.outboxRows()), orNull(watch.lag())]);
    this.samples.push({
      atMs,
      accepted: load.accepted,
      ended: ended ?? this.samples.at(-1)?.ended ?? 0,
      outboxRows,
      lag,
      p50Ms: quantile(durations, 0.5),
      p99Ms: quantile(durations, 0.99),
      unknown,
    });
  }
}

function quantile(sorted: readonly number[], share: number): number | null {
  return sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * share))] ?? null;
}
