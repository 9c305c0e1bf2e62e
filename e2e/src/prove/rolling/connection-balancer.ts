import { TcpProxy } from '@waybill/testing';
import { Balancer } from '../balancer.js';
import { type ProxyOptions, SILENCES_MAX } from './proxy.js';

export interface ConnectionBalancerOptions extends ProxyOptions {
  /** How long a byte takes from one side to the other. */
  readonly delayMs: number;
}

const HEALTH_EVERY_MS = 500;

/**
 * A balancer of connections, as a Service of Kubernetes is: it chooses an instance when a client connects, and knows
 * nothing of requests. A connection that was made stays with its instance, ready or not, until one of the two ends it.
 *
 * And the clients are not next door: what one side has sent is on its way for a while.
 */
export class ConnectionBalancer {
  static async listen({ instances, healthEveryMs = HEALTH_EVERY_MS, delayMs }: ConnectionBalancerOptions): Promise<ConnectionBalancer> {
    const balancer = new Balancer(instances, { everyMs: healthEveryMs, silencesMax: SILENCES_MAX });
    let turn = 0;
    const proxy = await TcpProxy.listen({
      to: () => {
        const ready = instances.filter(({ name }) => balancer.isReady(name));
        const instance = ready[turn++ % ready.length];
        if (instance === undefined) {
          throw new Error('no instance is ready');
        }
        const { hostname, port } = new URL(instance.url);
        return { host: hostname, port: Number(port) };
      },
    });
    proxy.delay(delayMs);
    balancer.start();
    return new ConnectionBalancer(balancer, proxy);
  }

  private constructor(
    private readonly balancer: Balancer,
    private readonly proxy: TcpProxy,
  ) {}

  /** Whether an instance was ready when it was last asked. */
  readonly isReady = (name: string): boolean => this.balancer.isReady(name);

  get url(): string {
    return `http://127.0.0.1:${this.proxy.port}`;
  }

  async close(): Promise<void> {
    await Promise.all([this.proxy.close(), this.balancer.stop()]);
  }
}
