import { once } from 'node:events';
import { connect, createServer } from 'node:net';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { KAFKA_LINK, PlatformNetwork } from './network.js';
import { networkFault, type NetworkFaultPlan, networkFaults } from './network-faults.js';

let network: PlatformNetwork;

beforeEach(async () => {
  network = await PlatformNetwork.open();
});
afterEach(() => network.close());

describe('the network of a platform', () => {
  it('gives each instance ways of its own, and Kafka one for all', async () => {
    const first = await environmentOf('shipping', 1);
    const second = await environmentOf('shipping', 2);
    expect(network.all.map(({ name }) => name)).toEqual([
      KAFKA_LINK,
      'shipping-1 -> postgres',
      'shipping-1 -> carrier',
      'shipping-2 -> postgres',
      'shipping-2 -> carrier',
    ]);
    const portOf = (name: string) => network.link(name).proxy.port;
    expect(first).toEqual({
      WAYBILL_SHIPPING_DATABASE_URL: `postgres://shipping_a:p%40ss@127.0.0.1:${portOf('shipping-1 -> postgres')}/shipping?x=1`,
      CARRIER_URL: `http://127.0.0.1:${portOf('shipping-1 -> carrier')}`,
      WAYBILL_KAFKA_BROKERS: `127.0.0.1:${portOf(KAFKA_LINK)}`,
    });
    expect(second['WAYBILL_KAFKA_BROKERS']).toBe(first['WAYBILL_KAFKA_BROKERS']);
    expect(network.stackOptions.kafkaProxyPort).toBe(portOf(KAFKA_LINK));
  });

  it('leaves the carrier and a service without a carrier alone', async () => {
    expect(await network.envOf({ name: 'carrier', instance: 1 }, { PATH: '/bin' })).toEqual({});
    const orders = await network.envOf(
      { name: 'orders', instance: 1 },
      { WAYBILL_ORDERS_DATABASE_URL: 'postgres://127.0.0.1:5432/orders', WAYBILL_KAFKA_BROKERS: '127.0.0.1:9092' },
    );
    expect(Object.keys(orders)).toEqual(['WAYBILL_ORDERS_DATABASE_URL', 'WAYBILL_KAFKA_BROKERS']);
  });

  it('leads to where the server is now, by the same way', async () => {
    const [old, moved] = [await greeter('old'), await greeter('moved')];
    const before = await environmentOf('orders', 1, old.port);
    expect(await greetingThrough('orders-1 -> postgres')).toBe('old');
    expect(await environmentOf('orders', 1, moved.port)).toEqual(before);
    expect(await greetingThrough('orders-1 -> postgres')).toBe('moved');
    old.close();
    moved.close();
  });

  it('says which ways there are when it is asked for another', () => {
    expect(() => network.link('orders-3 -> postgres')).toThrow('services -> kafka; there is no link orders-3 -> postgres');
  });
});

describe('network faults', () => {
  it('are the same for the same numbers, and all of them come up before one comes up again', () => {
    const plans = deal(16, counting());
    expect(deal(16, counting())).toEqual(plans);
    const kinds = plans.map(({ target, disturbance }) => {
      const lost = disturbance.does === 'lose' ? ` ${disturbance.what}` : '';
      return `${target.replace(/.* -> /, '')} ${disturbance.does}${lost}`;
    });
    expect(new Set(kinds).size).toBe(16);
    expect(deal(16, counting(7))).not.toEqual(plans);
  });

  it('hit only links that there are, for a few seconds', () => {
    for (const { target, durationMs, disturbance } of deal(200, counting())) {
      expect(target).toMatch(/^(services -> kafka|(orders|inventory|shipping)-[12] -> postgres|shipping-[12] -> carrier)$/);
      expect(durationMs).toBeGreaterThanOrEqual(2_000);
      expect(durationMs).toBeLessThanOrEqual(6_000);
      if (disturbance.does === 'delay') {
        expect(disturbance.ms).toBeGreaterThanOrEqual(50);
        expect(disturbance.ms).toBeLessThanOrEqual(400);
      }
    }
  });

  it('are made on their link alone, and taken back', async () => {
    const server = await greeter('hello');
    await environmentOf('orders', 1, server.port);
    await environmentOf('orders', 2, server.port);
    const plan: NetworkFaultPlan = { target: 'orders-1 -> postgres', disturbance: { does: 'cut' }, durationMs: 1 };
    const fault = networkFault(plan, network);
    expect([fault.kind, fault.target, fault.detail]).toEqual([
      'network',
      'orders-1 -> postgres',
      'cut: every connection reset, new ones refused',
    ]);
    await fault.inject();
    await expect(greetingThrough('orders-1 -> postgres')).rejects.toThrow('ECONNRESET');
    expect(await greetingThrough('orders-2 -> postgres')).toBe('hello');
    await fault.heal();
    expect(await greetingThrough('orders-1 -> postgres')).toBe('hello');
    server.close();
  });

  it('tell what they are', () => {
    const details = deal(200, counting()).map((plan) => networkFault(plan, network).detail);
    expect(new Set(details.map((detail) => detail.replace(/\d+/, 'N')))).toEqual(
      new Set([
        'everything N ms late',
        'cut: every connection reset, new ones refused',
        'answers lost, then reset',
        'answers lost, then late',
        'questions lost, then reset',
        'questions lost, then late',
        'questions and answers lost, then reset',
        'questions and answers lost, then late',
        'open connections fall silent',
        'connections close N ms late',
      ]),
    );
  });
});

function deal(count: number, random: () => number): NetworkFaultPlan[] {
  const faults = networkFaults(random, 2);
  return Array.from({ length: count }, () => faults.next().value);
}

/** No random numbers, but well spread ones. */
function counting(seed = 0): () => number {
  let turn = seed;
  return () => (++turn * 0.6180339887) % 1;
}

function environmentOf(name: 'orders' | 'shipping', instance: number, port = 5432): Promise<Record<string, string>> {
  return Promise.resolve(
    network.envOf(
      { name, instance },
      {
        [`WAYBILL_${name.toUpperCase()}_DATABASE_URL`]: `postgres://${name}_a:p%40ss@127.0.0.1:${port}/${name}?x=1`,
        WAYBILL_KAFKA_BROKERS: '127.0.0.1:19092',
        ...(name === 'shipping' ? { CARRIER_URL: 'http://127.0.0.1:3004' } : {}),
      },
    ),
  );
}

async function greeter(word: string): Promise<{ readonly port: number; close(): void }> {
  const server = createServer((socket) => socket.on('error', () => undefined).end(word));
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const address = server.address();
  return { port: typeof address === 'object' ? (address?.port ?? 0) : 0, close: () => server.close() };
}

async function greetingThrough(link: string): Promise<string> {
  let text = '';
  const socket = connect(network.link(link).proxy.port, '127.0.0.1');
  socket.on('data', (bytes: Buffer) => (text += bytes.toString()));
  await once(socket, 'close');
  return text;
}
