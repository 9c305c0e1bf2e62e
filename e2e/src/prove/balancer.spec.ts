import { once } from 'node:events';
import { createServer } from 'node:http';
import { until } from '@waybill/testing';
import { afterEach, describe, expect, it } from 'vitest';
import { Balancer } from './balancer.js';

const stops: (() => void | Promise<void>)[] = [];
afterEach(async () => {
  for (const stop of stops.splice(0).reverse()) {
    await stop();
  }
});

describe('the balancer', () => {
  it('sends nobody to an instance that is not ready, or not there, until it is again', async () => {
    let status = 200;
    const server = createServer((_, response) => response.writeHead(status).end('{}'));
    server.listen(0, '127.0.0.1');
    await once(server, 'listening');
    stops.push(() => (server.closeAllConnections(), void server.close()));
    const address = server.address();
    const url = `http://127.0.0.1:${typeof address === 'object' ? address?.port : 0}`;
    const balancer = new Balancer([
      { name: 'orders-1', url },
      { name: 'orders-2', url: 'http://127.0.0.1:1' },
    ]);
    stops.push(() => balancer.stop());
    balancer.start();
    await until(() => !balancer.isReady('orders-2'));
    expect(balancer.isReady('orders-1')).toBe(true);
    status = 503;
    await until(() => !balancer.isReady('orders-1'));
    status = 200;
    await until(() => balancer.isReady('orders-1'));
  });
});
