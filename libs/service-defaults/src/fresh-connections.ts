import type { Server } from 'node:http';
import type { Socket } from 'node:net';
import { setImmediate as turn, setTimeout as sleep } from 'node:timers/promises';

/** As long as a request may be on its way on a connection that was just made; a client far away, or a busy one, takes it. */
const FRESH_MS = 1_000;
const POLL_MS = 10;

/**
 * Connections that were made a moment ago and have brought no request yet.
 *
 * Answers with "Connection: close" send clients to new connections, some of them here, until the last moment of the drain:
 * to close the door upon such a client would reset the very request that was sent away for its safety.
 */
export class FreshConnections {
  private readonly unused = new Map<Socket, number>();

  constructor(server: Server) {
    server.on('connection', (socket) => {
      this.unused.set(socket, performance.now());
      socket.once('close', () => this.unused.delete(socket));
    });
    server.on('request', ({ socket }) => this.unused.delete(socket));
  }

  /** Resolves when what has knocked so far has been let in: the kernel holds it until the event loop turns. */
  async admitted(): Promise<void> {
    await turn();
    await turn();
  }

  /** Resolves when each of them has brought its request, has ended, or is fresh no more. */
  async used(): Promise<void> {
    const isFresh = (since: number) => performance.now() - since < FRESH_MS;
    while ([...this.unused.values()].some(isFresh)) {
      await sleep(POLL_MS);
    }
  }
}
