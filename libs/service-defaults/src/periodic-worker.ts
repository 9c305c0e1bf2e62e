import { setTimeout as sleep } from 'node:timers/promises';
import type { BackgroundWorker } from './subscriptions.js';

export interface PeriodicWorkerOptions {
  readonly name: string;
  /** From the end of one round to the start of the next, on average. */
  readonly intervalMs: number;
  /** One round; a long one looks at the signal between its batches. An error ends the round, not the worker. */
  readonly round: (stopping: AbortSignal) => Promise<void>;
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

  start(): void {
    this.running ??= this.run();
  }

  /** Resolves when the round in hand is done; a pause is cut short. */
  async stop(): Promise<void> {
    this.stopping.abort();
    await this.running;
  }

  private async run(): Promise<void> {
    const { intervalMs, round, onError } = this.options;
    const { signal } = this.stopping;
    while (!signal.aborted) {
      try {
        await round(signal);
      } catch (error) {
        onError(error);
      }
      await sleep(intervalMs * (0.5 + Math.random()), undefined, { signal }).catch(() => undefined);
    }
  }
}
