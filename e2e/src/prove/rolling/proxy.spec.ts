import { createServer, type RequestListener, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { until } from '@waybill/testing';
import { afterEach, describe, expect, it, vi } from 'vitest';
import { ConnectionBalancer } from './connection-balancer.js';
import { openLoopLoad } from './load.js';
import { RollingProxy } from './proxy.js';

// A slow client of the load takes 2.5 s, and the machine may have other things to do.
vi.setConfig({ testTimeout: 30_000 });

class Instance {
  private constructor(
    readonly name: string,
    readonly server: Server,
    private readonly state: { ready: boolean; served: number; looks: number },
  ) {}

  static async listen(name: string, serve: RequestListener): Promise<Instance> {
    const state = { ready: true, served: 0, looks: 0 };
    const server = createServer((request, response) => {
      if (request.url === '/health/ready') {
        state.looks++;
        response.writeHead(state.ready ? 200 : 503).end();
        return;
      }
      state.served++;
      serve(request, response);
    });
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    return new Instance(name, server, state);
  }

  get url(): string {
    return `http://127.0.0.1:${(this.server.address() as AddressInfo).port}`;
  }

  get served(): number {
    return this.state.served;
  }

  get looks(): number {
    return this.state.looks;
  }

  set ready(ready: boolean) {
    this.state.ready = ready;
  }

  close(): void {
    this.server.closeAllConnections();
    this.server.close();
  }
}

const opened: { close(): unknown }[] = [];

function keep<T extends { close(): unknown }>(thing: T): T {
  opened.push(thing);
  return thing;
}

afterEach(async () => {
  for (const thing of opened.splice(0).reverse()) {
    await thing.close();
  }
});

const orders: RequestListener = (request, response) => {
  let body = '';
  request.on('data', (chunk: Buffer) => (body += chunk.toString()));
  request.on('end', () => {
    const id = request.headers['idempotency-key'];
    response.writeHead(request.method === 'POST' ? 201 : 200, { 'content-type': 'application/json' });
    response.end(JSON.stringify(body === '' ? {} : { id }));
  });
};

async function two(): Promise<{ instances: [Instance, Instance]; proxy: RollingProxy }> {
  const instances: [Instance, Instance] = [keep(await Instance.listen('a', orders)), keep(await Instance.listen('b', orders))];
  const proxy = keep(await RollingProxy.listen({ instances: instances.map(({ name, url }) => ({ name, url })), healthEveryMs: 20 }));
  return { instances, proxy };
}

const load = { perSecond: 400, sku: 'S', run: 'spec' };

describe('the proxy', () => {
  it('spreads requests over the instances, bodies and all', async () => {
    const { instances, proxy } = await two();
    const result = await openLoopLoad({ ...load, url: proxy.url, requests: 60 });
    expect(result).toMatchObject({ sent: 60, answered: 60, failures: [] });
    expect(instances.map(({ served }) => served)).toEqual([30, 30]);
    expect(result.accepted).toContain('spec-0');
    expect(result.commands.map(({ orderId, result }) => [orderId, result])).toContainEqual(['spec-1', 'ok']);
  });

  it('leaves out who is not ready, and says so where nobody is', async () => {
    const { instances, proxy } = await two();
    instances[0].ready = false;
    await until(() => !proxy.isReady('a'));
    const before = instances[0].served;
    expect(await openLoopLoad({ ...load, url: proxy.url, requests: 20 })).toMatchObject({ answered: 20 });
    expect(instances[0].served).toBe(before);
    instances[1].ready = false;
    await until(() => !proxy.isReady('b'));
    const { failures } = await openLoopLoad({ ...load, url: proxy.url, requests: 5 });
    expect(failures).toMatchObject([{ kind: 'no instance', count: 5 }]);
  });

  it('tries nothing a second time: who is gone refuses, and who hangs up resets', async () => {
    const gone = await Instance.listen('gone', orders);
    const rude = keep(await Instance.listen('rude', (request) => request.socket.destroy()));
    const instances = [{ name: 'gone', url: gone.url }, { name: 'rude', url: rude.url }];
    const proxy = keep(await RollingProxy.listen({ instances, healthEveryMs: 60_000 }));
    await until(() => gone.looks > 0 && rude.looks > 0);
    gone.close();
    const { failures, answered } = await openLoopLoad({ ...load, url: proxy.url, requests: 10 });
    expect(answered).toBe(0);
    expect(Object.fromEntries(failures.map(({ kind, count }) => [kind, count]))).toEqual({ refused: 5, reset: 5 });
  });
});

describe('the balancer of connections', () => {
  it('stays with an instance that is no longer ready, and brings its end to the client', async () => {
    const { instances, proxy } = await two();
    const connections = keep(
      await ConnectionBalancer.listen({ instances: instances.map(({ name, url }) => ({ name, url })), healthEveryMs: 20, delayMs: 20 }),
    );
    const stopping = new AbortController();
    const running = openLoopLoad({ ...load, url: proxy.url, connectionsUrl: connections.url, signal: stopping.signal });
    await until(() => instances.every(({ served }) => served > 40));
    // Says nothing, and closes what is idle: what is in the air is lost.
    instances[0].ready = false;
    await until(() => !proxy.isReady('a'));
    instances[0].server.close();
    instances[0].server.closeAllConnections();
    await until(() => instances[1].served > 100);
    stopping.abort();
    expect((await running).failures.map(({ kind }) => kind)).toContain('reset');
  });
});

it('keeps to its schedule when answers are late', async () => {
  const slow = keep(await Instance.listen('slow', (request, response) => void setTimeout(() => orders(request, response), 300)));
  const proxy = keep(await RollingProxy.listen({ instances: [{ name: 'slow', url: slow.url }] }));
  const { sent, answered, latencyMs } = await openLoopLoad({ ...load, perSecond: 100, url: proxy.url, requests: 30 });
  expect({ sent, answered }).toEqual({ sent: 30, answered: 30 });
  expect(latencyMs.p50).toBeGreaterThanOrEqual(295);
  expect(latencyMs.p50).toBeLessThan(1_000);
});
