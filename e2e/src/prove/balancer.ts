import { setTimeout as sleep } from 'node:timers/promises';

const EVERY_MS = 250;
const ANSWER_TIMEOUT_MS = 1_000;

/**
 * Asks each instance whether it is ready, as a load balancer does, so that customers are sent to those that are.
 *
 * What it knows may be as old as the time between two looks: an instance that was killed still gets requests for as long.
 * One that is stopped in order says so before it stops; see SHUTDOWN_DRAIN_MS.
 */
export class Balancer {
  private readonly ready = new Set<string>();
  private readonly stopping = new AbortController();
  private running: Promise<unknown> | undefined;

  constructor(
    private readonly instances: readonly { readonly name: string; readonly url: string }[],
    /** Between two looks at an instance; 250 ms. */
    private readonly everyMs = EVERY_MS,
  ) {
    instances.forEach(({ name }) => this.ready.add(name));
  }

  readonly isReady = (instance: string): boolean => this.ready.has(instance);

  start(): void {
    this.running ??= Promise.all(this.instances.map((instance) => this.follow(instance)));
  }

  async stop(): Promise<void> {
    this.stopping.abort();
    await this.running;
  }

  private async follow({ name, url }: { readonly name: string; readonly url: string }): Promise<void> {
    const { signal } = this.stopping;
    while (!signal.aborted) {
      if (await answersReady(url)) {
        this.ready.add(name);
      } else {
        this.ready.delete(name);
      }
      await sleep(this.everyMs, undefined, { signal }).catch(() => undefined);
    }
  }
}

async function answersReady(url: string): Promise<boolean> {
  try {
    const response = await fetch(`${url}/health/ready`, { signal: AbortSignal.timeout(ANSWER_TIMEOUT_MS) });
    await response.arrayBuffer();
    return response.status === 200;
  } catch {
    return false;
  }
}
