import { setTimeout as sleep } from 'node:timers/promises';

const EVERY_MS = 250;
const ANSWER_TIMEOUT_MS = 1_000;

export interface BalancerOptions {
  /** Between two looks at an instance; 250 ms. */
  readonly everyMs?: number;
  /** An instance that does not answer in time is left out after so many silences in a row; 1. One that says no, at once. */
  readonly silencesMax?: number;
}

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
    private readonly options: BalancerOptions = {},
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
    const { everyMs = EVERY_MS, silencesMax = 1 } = this.options;
    const { signal } = this.stopping;
    let silences = 0;
    while (!signal.aborted) {
      const answer = await ask(url);
      silences = answer === 'silence' ? silences + 1 : 0;
      if (answer === 'ready') {
        this.ready.add(name);
      } else if (answer === 'not ready' || silences >= silencesMax) {
        this.ready.delete(name);
      }
      await sleep(everyMs, undefined, { signal }).catch(() => undefined);
    }
  }
}

async function ask(url: string): Promise<'ready' | 'not ready' | 'silence'> {
  try {
    const response = await fetch(`${url}/health/ready`, { signal: AbortSignal.timeout(ANSWER_TIMEOUT_MS) });
    await response.arrayBuffer();
    return response.status === 200 ? 'ready' : 'not ready';
  } catch (error) {
    return (error as Error).name === 'TimeoutError' ? 'silence' : 'not ready';
  }
}
