import { once } from 'node:events';
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import { afterEach, describe, expect, it } from 'vitest';
import { OrderLoad } from './load.js';
import type { Wish } from './wishes.js';

type Answer = (request: IncomingMessage, response: ServerResponse, turn: number) => void;

const servers: { close(): void }[] = [];
afterEach(() => servers.splice(0).forEach((server) => server.close()));

/** What came to the door, and an address for it. */
async function service(answer: Answer): Promise<{ readonly url: string; readonly keys: (string | undefined)[] }> {
  const keys: (string | undefined)[] = [];
  const server = createServer((request, response) => {
    keys.push(request.headers['idempotency-key'] as string | undefined);
    request.resume();
    answer(request, response, keys.length);
  });
  servers.push({ close: () => (server.closeAllConnections(), server.close()) });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const address = server.address();
  return { url: `http://127.0.0.1:${typeof address === 'object' ? address?.port : 0}`, keys };
}

const wish = (scenario: Wish['scenario'] = 'good', cancelAfterMs: number | null = null): Wish => ({
  ...{ number: 0, scenario, lines: [{ sku: 'A', quantity: 1 }], cancelAfterMs },
});
const placed: Answer = (_, response) => response.writeHead(201).end('{"id":"order-1"}');

async function requestsOf(answer: Answer, wishes = [wish()]) {
  const { url, keys } = await service(answer);
  const load = new OrderLoad({ wishes, instances: [{ name: 'orders-1', url }], durationMs: 1, now: () => performance.now(), run: 'r' });
  await load.run();
  return { load, keys, told: load.requests.map(({ kind, result, status, orderId }) => [kind, result, status, orderId]) };
}

describe('the customers of a load', () => {
  it('keep what they asked and what was answered', async () => {
    const { told, load, keys } = await requestsOf(placed);
    expect(told).toEqual([['place', 'ok', 201, 'order-1']]);
    expect(load.accepted).toBe(1);
    expect(keys).toEqual(['r-0']);
  });

  it('ask again with the same key when they do not know what has become of it', async () => {
    const { told, keys } = await requestsOf((request, response, turn) => {
      if (turn === 1) {
        request.socket.destroy();
      } else if (turn === 2) {
        response.writeHead(503).end('later');
      } else {
        placed(request, response, turn);
      }
    });
    expect(told).toEqual([
      ['place', 'unknown', null, null],
      ['place', 'unknown', 503, null],
      ['place', 'ok', 201, 'order-1'],
    ]);
    expect(new Set(keys)).toEqual(new Set(['r-0']));
  });

  it('ask again what was refused for the moment, and not what was refused for what it is', async () => {
    const busy = await requestsOf((request, response, turn) =>
      turn === 1 ? response.writeHead(409, { 'retry-after': '1' }).end('{}') : placed(request, response, turn),
    );
    expect(busy.told.map(([, result]) => result)).toEqual(['fail', 'ok']);
    const wrong = await requestsOf((_, response) => response.writeHead(422).end('{}'));
    expect(wrong.told).toEqual([['place', 'fail', 422, null]]);
    expect(wrong.load.accepted).toBe(0);
  });

  it('cancel the order that they were given', async () => {
    const { told } = await requestsOf((request, response, turn) => {
      if (request.url === '/orders/order-1/cancel') {
        response.writeHead(202).end('{}');
      } else {
        placed(request, response, turn);
      }
    }, [wish('cancelled-soon', 0)]);
    expect(told.at(-1)).toEqual(['cancel', 'ok', 202, 'order-1']);
  });

  it('wait before the door while others are served, so that a failure makes no storm', async () => {
    let [inHand, most] = [0, 0];
    const { load } = await requestsOf(
      (request, response, turn) => {
        most = Math.max(most, ++inHand);
        setTimeout(() => {
          inHand--;
          placed(request, response, turn);
        }, 5);
      },
      Array.from({ length: 200 }, (_, number) => ({ ...wish(), number })),
    );
    expect(load.accepted).toBe(200);
    expect(most).toBeGreaterThan(10);
    expect(most).toBeLessThanOrEqual(40);
  });

  it('come as twins, with one key', async () => {
    const { keys, load } = await requestsOf(placed, [wish('twin')]);
    expect(keys).toEqual(['r-0', 'r-0']);
    expect(load.accepted).toBe(1);
  });
});
