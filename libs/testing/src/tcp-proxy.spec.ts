import { once } from 'node:events';
import { connect, createServer, type Server, type Socket } from 'node:net';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { TcpProxy } from './tcp-proxy.js';
import { until } from './until.js';

/** One end of a connection: what came, and how it ended. */
interface End {
  readonly socket: Socket;
  readonly received: () => string;
  readonly saw: () => 'open' | 'end' | 'reset';
}

vi.setConfig({ testTimeout: 30_000 });

let server: Server;
let proxy: TcpProxy;
/** The server's ends, in the order in which they came. */
let accepted: End[];
const sockets: Socket[] = [];

beforeEach(async () => {
  accepted = [];
  server = createServer({ allowHalfOpen: true }, (socket) => accepted.push(watch(socket)));
  server.listen({ host: '127.0.0.1', port: 0, backlog: 4_096 });
  await once(server, 'listening');
  proxy = await TcpProxy.listen({ to: { host: '127.0.0.1', port: portOf(server) } });
});
afterEach(async () => {
  await proxy.close();
  sockets.splice(0).forEach((socket) => socket.destroy());
  server.close();
});

describe('a TCP proxy without a fault', () => {
  it('passes on both directions, and lets either side end first', async () => {
    const { client, peer } = await connectThrough();
    client.socket.end('question');
    await until(() => peer.saw() === 'end');
    expect(peer.received()).toBe('question');
    peer.socket.end('answer');
    await until(() => client.saw() === 'end');
    expect(client.received()).toBe('answer');
    await until(() => proxy.size === 0);
  });

  it('passes on a reset of either side', async () => {
    const one = await connectThrough();
    one.client.socket.resetAndDestroy();
    await until(() => one.peer.saw() === 'reset');
    const two = await connectThrough();
    two.peer.socket.resetAndDestroy();
    await until(() => two.client.saw() === 'reset');
    await until(() => proxy.size === 0);
  });

  it('resets a client whose server is not there, or not known yet', async () => {
    const gone = portOf(server);
    server.close();
    let known = false;
    const other = await TcpProxy.listen({
      to: () => {
        if (!known) {
          throw new Error('not known yet');
        }
        return { host: '127.0.0.1', port: gone };
      },
    });
    const early = open(other.port);
    await until(() => early.saw() === 'reset');
    known = true;
    const late = open(other.port);
    await until(() => late.saw() === 'reset');
    await other.close();
  });

  it('stops a sender whose receiver does not read', async () => {
    const { client, peer } = await connectThrough();
    peer.socket.pause();
    const block = Buffer.alloc(1_024 * 1_024, 'x');
    // More than all buffers of the system on this way.
    const total = 64;
    for (let sent = 0; sent < total; sent += 1) {
      client.socket.write(block);
    }
    let last = -1;
    await until(() => last === (last = client.socket.bytesWritten - client.socket.writableLength), { intervalMs: 200 });
    expect(client.socket.writableLength).toBeGreaterThan(0);
    peer.socket.resume();
    await until(() => peer.socket.bytesRead === total * block.length);
  });

  it('carries thousands of connections at once', async () => {
    const clients = Array.from({ length: 2_000 }, () => open(proxy.port));
    clients.forEach(({ socket }, index) => socket.write(`${index}`));
    await until(() => accepted.length === clients.length && accepted.every((peer) => peer.received() !== ''));
    expect(proxy.size).toBe(2_000);
    proxy.cut();
    await until(() => proxy.size === 0 && clients.every((client) => client.saw() === 'reset'));
  });
});

describe('a delay', () => {
  it.each([
    ['up', 400, 0],
    ['down', 0, 400],
    ['both', 400, 400],
  ] as const)('%s: holds for this direction, and keeps the order', async (direction, up, down) => {
    const { client, peer } = await connectThrough();
    proxy.delay(400, direction);
    expectAround(await timeOf(client, peer), up);
    expectAround(await timeOf(peer, client), down);
    client.socket.write('2');
    peer.socket.write('b');
    await until(() => proxy.holding === 1, { intervalMs: 1 });
    proxy.delay(0);
    client.socket.end('3');
    peer.socket.end('c');
    await until(() => client.saw() === 'end' && peer.saw() === 'end');
    expect([peer.received(), client.received()]).toEqual(['.23', '.bc']);
  });

  it('is over with its healing, also for what is on its way', async () => {
    const { client, peer } = await connectThrough();
    proxy.delay(60_000);
    client.socket.write('late');
    await until(() => proxy.holding === 1);
    expect(peer.received()).toBe('');
    proxy.heal();
    await until(() => peer.received() === 'late');
  });
});

describe('a cut', () => {
  it('resets both sides of every connection, and each new one until it is healed', async () => {
    const { client, peer } = await connectThrough();
    proxy.cut();
    await until(() => client.saw() === 'reset' && peer.saw() === 'reset');
    const next = open(proxy.port);
    await until(() => next.saw() === 'reset');
    expect(accepted).toHaveLength(1);
    proxy.heal();
    const healed = await connectThrough();
    healed.client.socket.write('again');
    await until(() => healed.peer.received() === 'again');
  });
});

describe('a one-way cut', () => {
  it('of the answers: the server hears everything, the client nothing, not even the end', async () => {
    const { client, peer } = await connectThrough();
    proxy.blackhole('down');
    client.socket.write('COMMIT');
    await until(() => peer.received() === 'COMMIT');
    peer.socket.end('done');
    client.socket.write('?');
    await until(() => peer.received() === 'COMMIT?');
    expect([client.received(), client.saw()]).toEqual(['', 'open']);
    proxy.heal();
    await until(() => client.saw() === 'end');
    expect(client.received()).toBe('done');
  });

  it('of the questions: the server hears nothing, also of a client that has died', async () => {
    const { client, peer } = await connectThrough();
    proxy.blackhole('up');
    client.socket.write('hello');
    peer.socket.write('news');
    await until(() => client.received() === 'news');
    client.socket.resetAndDestroy();
    await until(() => client.saw() === 'reset' || client.socket.destroyed);
    peer.socket.write('more');
    expect([peer.received(), peer.saw()]).toEqual(['', 'open']);
    proxy.heal();
    await until(() => peer.saw() === 'reset');
  });

  it('holds for a new connection, too, and adds up to both ways', async () => {
    proxy.blackhole('up');
    proxy.blackhole('down');
    const { client, peer } = await connectThrough();
    client.socket.write('up');
    peer.socket.write('down');
    proxy.heal();
    await until(() => peer.received() === 'up' && client.received() === 'down');
  });

  it('may end with a reset of the connections that something was lost on', async () => {
    const [lossy, idle] = [await connectThrough(), await connectThrough()];
    proxy.blackhole('down');
    lossy.peer.socket.write('lost');
    await until(() => proxy.holding === 1);
    proxy.heal({ reset: true });
    await until(() => lossy.client.saw() === 'reset' && lossy.peer.saw() === 'reset');
    expect(lossy.client.received()).toBe('');
    idle.peer.socket.write('kept');
    await until(() => idle.client.received() === 'kept');
  });

  it('keeps no more than a window, and the sender is stopped', async () => {
    const { client, peer } = await connectThrough();
    proxy.blackhole('up');
    const size = 64 * 1_024 * 1_024;
    client.socket.end(Buffer.alloc(size, 'x'));
    let last = -1;
    await until(() => last === (last = client.socket.writableLength), { intervalMs: 200 });
    expect(client.socket.writableLength).toBeGreaterThan(0);
    proxy.heal();
    await until(() => peer.saw() === 'end');
    expect(peer.socket.bytesRead).toBe(size);
  });
});

describe('connections that are forgotten', () => {
  it('fall silent in both directions, while new ones are served', async () => {
    const old = await connectThrough();
    proxy.forget();
    old.client.socket.write('up');
    old.peer.socket.write('down');
    const fresh = await connectThrough();
    fresh.client.socket.end('new');
    await until(() => fresh.peer.saw() === 'end');
    await until(() => proxy.holding === 1);
    expect([old.peer.received(), old.client.received(), fresh.peer.received()]).toEqual(['', '', 'new']);
    proxy.heal();
    await until(() => old.client.saw() === 'reset' && old.peer.saw() === 'reset');
    fresh.peer.socket.write('still there');
    await until(() => fresh.client.received() === 'still there');
  });
});

describe('a slow close', () => {
  it('lets the bytes through and keeps the end back', async () => {
    const { client, peer } = await connectThrough();
    proxy.slowClose(600);
    const since = performance.now();
    client.socket.end('bye');
    await until(() => peer.received() === 'bye', { intervalMs: 1 });
    expect(performance.now() - since).toBeLessThan(500);
    await until(() => peer.saw() === 'end', { intervalMs: 1 });
    expectAround(performance.now() - since, 600);
  });
});

describe('a closed proxy', () => {
  it('has reset its connections and given its port back', async () => {
    const { client, peer } = await connectThrough();
    const { port } = proxy;
    await proxy.close();
    await until(() => client.saw() === 'reset' && peer.saw() === 'reset');
    expect(() => proxy.port).toThrow('closed');
    proxy = await TcpProxy.listen({ to: { host: '127.0.0.1', port: portOf(server) }, port });
    expect(proxy.port).toBe(port);
    await expect(TcpProxy.listen({ to: { host: '127.0.0.1', port: 1 }, port })).rejects.toThrow('EADDRINUSE');
  });
});

/** A timer of a busy machine is late, and never earlier than its own grain. */
function expectAround(ms: number, expected: number): void {
  expect(ms).toBeGreaterThanOrEqual(expected - 2);
  expect(ms).toBeLessThan(expected + 350);
}

/** How long one byte takes, in milliseconds. */
async function timeOf(from: End, to: End): Promise<number> {
  const since = performance.now();
  from.socket.write('.');
  await until(() => to.received() !== '', { intervalMs: 1 });
  return performance.now() - since;
}

async function connectThrough(): Promise<{ client: End; peer: End }> {
  const count = accepted.length;
  const client = open(proxy.port);
  return { client, peer: await until(() => accepted[count], { what: 'the connection at the server' }) };
}

function open(port: number): End {
  return watch(connect({ host: '127.0.0.1', port, allowHalfOpen: true }));
}

function watch(socket: Socket): End {
  sockets.push(socket);
  const parts: string[] = [];
  let keep = true;
  let how: 'open' | 'end' | 'reset' = 'open';
  socket.on('data', (bytes: Buffer) => {
    keep &&= bytes.length < 32_768;
    if (keep) {
      parts.push(bytes.toString());
    }
  });
  socket.on('end', () => (how = 'end'));
  socket.on('error', () => (how = 'reset'));
  return { socket, received: () => parts.join(''), saw: () => how };
}

function portOf(listener: Server): number {
  const address = listener.address();
  return address === null || typeof address === 'string' ? 0 : address.port;
}
