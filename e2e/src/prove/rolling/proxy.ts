import { Agent, createServer, type IncomingHttpHeaders, type IncomingMessage, request, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { pipeline } from 'node:stream';
import { Balancer } from '../balancer.js';
import { failureOf } from './failure.js';

export interface ProxyOptions {
  readonly instances: readonly { readonly name: string; readonly url: string }[];
  /** Between two looks at an instance's readiness; 500 ms. */
  readonly healthEveryMs?: number;
}

/** On an answer that the proxy gives because the instance gave none: what became of the request. */
export const FAILURE_HEADER = 'x-proxy-failure';

const HEALTH_EVERY_MS = 500;
/** A probe without an answer is no answer: the kubelet, too, wants three of them. */
export const SILENCES_MAX = 3;
/** Of one hop, not of the message. Source: RFC 9110, 7.6.1. */
const HOP_BY_HOP = ['connection', 'keep-alive', 'proxy-connection', 'upgrade', 'te'];

/**
 * A reverse proxy as simple as they come: round robin over the instances that said "ready" when they were last asked,
 * over connections that are kept. It tries nothing a second time: what an instance drops, the client sees.
 */
export class RollingProxy {
  private readonly agent = new Agent({ keepAlive: true, scheduling: 'fifo' });
  private turn = 0;

  static async listen({ instances, healthEveryMs = HEALTH_EVERY_MS }: ProxyOptions): Promise<RollingProxy> {
    const balancer = new Balancer(instances, { everyMs: healthEveryMs, silencesMax: SILENCES_MAX });
    const server = createServer({ keepAliveTimeout: 60_000 });
    await new Promise<void>((resolve, reject) => {
      server.once('error', reject).listen(0, '127.0.0.1', resolve);
    });
    balancer.start();
    return new RollingProxy(instances, balancer, server);
  }

  private constructor(
    private readonly instances: ProxyOptions['instances'],
    private readonly balancer: Balancer,
    private readonly server: Server,
  ) {
    server.on('request', (incoming: IncomingMessage, answer: ServerResponse) => this.forward(incoming, answer));
  }

  get url(): string {
    return `http://127.0.0.1:${(this.server.address() as AddressInfo).port}`;
  }

  /** Whether an instance was ready when it was last asked. */
  readonly isReady = (name: string): boolean => this.balancer.isReady(name);

  async close(): Promise<void> {
    this.server.closeAllConnections();
    await new Promise((resolve) => this.server.close(resolve));
    this.agent.destroy();
    await this.balancer.stop();
  }

  private forward(incoming: IncomingMessage, answer: ServerResponse): void {
    const ready = this.instances.filter(({ name }) => this.balancer.isReady(name));
    const instance = ready[this.turn++ % ready.length];
    if (instance === undefined) {
      giveUp(answer, 'no instance');
      return;
    }
    const onward = request(`${instance.url}${incoming.url}`, {
      agent: this.agent,
      method: incoming.method,
      headers: endToEnd(incoming.headers),
    });
    onward.on('response', (response) => {
      answer.writeHead(response.statusCode ?? 502, endToEnd(response.headers));
      // An answer that breaks off in its middle breaks off for the client, too: pipeline destroys both.
      pipeline(response, answer, () => undefined);
    });
    onward.on('error', (error) => giveUp(answer, failureOf(error)));
    answer.on('close', () => {
      if (!answer.writableFinished) {
        onward.destroy();
      }
    });
    incoming.pipe(onward);
  }
}

function giveUp(answer: ServerResponse, why: string): void {
  if (answer.headersSent || answer.destroyed) {
    answer.destroy();
    return;
  }
  answer.writeHead(502, { [FAILURE_HEADER]: why }).end();
}

function endToEnd(headers: IncomingHttpHeaders): IncomingHttpHeaders {
  return Object.fromEntries(Object.entries(headers).filter(([name]) => !HOP_BY_HOP.includes(name)));
}
