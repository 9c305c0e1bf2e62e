import { type AddressInfo, connect, createServer, type Server, type Socket } from 'node:net';
import { Balancer } from '../balancer.js';
import type { ProxyOptions } from './proxy.js';

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
  private readonly sockets = new Set<Socket>();
  private turn = 0;

  static async listen(options: ConnectionBalancerOptions): Promise<ConnectionBalancer> {
    const balancer = new Balancer(options.instances, options.healthEveryMs ?? HEALTH_EVERY_MS);
    const server = createServer({ allowHalfOpen: true, noDelay: true });
    await new Promise<void>((resolve, reject) => {
      server.once('error', reject).listen(0, '127.0.0.1', resolve);
    });
    balancer.start();
    return new ConnectionBalancer(options, balancer, server);
  }

  private constructor(
    private readonly options: ConnectionBalancerOptions,
    private readonly balancer: Balancer,
    private readonly server: Server,
  ) {
    server.on('connection', (near: Socket) => this.join(near));
  }

  get url(): string {
    return `http://127.0.0.1:${(this.server.address() as AddressInfo).port}`;
  }

  async close(): Promise<void> {
    const closed = new Promise((resolve) => this.server.close(resolve));
    this.sockets.forEach((socket) => socket.destroy());
    await Promise.all([closed, this.balancer.stop()]);
  }

  private join(near: Socket): void {
    const ready = this.options.instances.filter(({ name }) => this.balancer.isReady(name));
    const instance = ready[this.turn++ % ready.length];
    if (instance === undefined) {
      near.on('error', () => undefined).resetAndDestroy();
      return;
    }
    const { hostname, port } = new URL(instance.url);
    const far = connect({ host: hostname, port: Number(port), allowHalfOpen: true, noDelay: true });
    this.pass(near, far);
    this.pass(far, near);
  }

  /** Timers of one length keep their order, and so do the bytes. */
  private pass(from: Socket, to: Socket): void {
    const later = (run: () => void) => void setTimeout(run, this.options.delayMs);
    this.sockets.add(from);
    from.on('data', (data: Buffer) => later(() => to.writable && to.write(data)));
    from.on('end', () => later(() => to.end()));
    from.on('error', () => later(() => to.resetAndDestroy()));
    from.on('close', () => {
      this.sockets.delete(from);
      later(() => to.destroySoon());
    });
  }
}
