import { setTimeout as sleep } from 'node:timers/promises';
import type { Progress } from '@waybill/health';
import type { BackgroundWorker } from './subscriptions.js';

const ROUND = 'round';

export interface PeriodicWorkerOptions {
  readonly name: string;
  /** From the end of one round to the start of the next, on average. */
  readonly intervalMs: number;
  /**
   * One round; a long one looks at the signal between its batches, and says `moved` after each. An error ends the round,
   * not the worker.
   */
  readonly round: (stopping: AbortSignal, moved: () => void) => Promise<void>;
  readonly onError: (error: unknown) => void;
}

/**
 * A round at the start, and then one after another until it is stopped, with a pause of half to one and a half times the
 * interval: instances that were started together do not come together for ever.
 */
export class PeriodicWorker implements BackgroundWorker {
  private readonly stopping = new AbortController();
  private running: Promise<void> | undefined;

  constructor(private readonly options: PeriodicWorkerOptions) {}

  get name(): string {
    return this.options.name;
  }

  start(progress?: Progress): void {
    this.running ??= this.run(progress);
  }

  /** Resolves when the round in hand is done; a pause is cut short. */
  async stop(): Promise<void> {
    this.stopping.abort();
    await this.running;
  }

  private async run(progress?: Progress): Promise<void> {
    const { intervalMs, round, onError } = this.options;
    const { signal } = this.stopping;
    while (!signal.aborted) {
      const ended = progress?.begin(ROUND);
      try {
        await round(signal, () => progress?.moved(ROUND));
      } catch (error) {
        onError(error);
      } finally {
        ended?.();
      }
      const pauseMs = intervalMs * (0.5 + Math.random());
      progress?.beat(pauseMs);
      await sleep(pauseMs, undefined, { signal }).catch(() => undefined);
    }
  }
}
