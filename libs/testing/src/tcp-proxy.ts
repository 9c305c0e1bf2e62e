import { connect, createServer, type Server, type Socket } from 'node:net';
import { clear, type LaneConditions, TcpLane } from './tcp-lane.js';

export interface Address {
  readonly host: string;
  readonly port: number;
}

export interface TcpProxyOptions {
  /** Where a connection leads; a function is asked at each one, for a server whose address is not known yet. */
  readonly to: Address | (() => Address);
  /** Absent: a free one. */
  readonly port?: number;
}

/** `up`: from the client to the server. */
export type Direction = 'up' | 'down';

interface Connection {
  readonly client: Socket;
  readonly server: Socket;
  readonly up: TcpLane;
  readonly down: TcpLane;
  /** Nothing passes any more, in neither direction. */
  isForgotten: boolean;
}

const forgotten: LaneConditions = { ...clear, isHeld: true };
const BACKLOG = 4_096;

/**
 * A TCP proxy on 127.0.0.1 that makes the faults of a network between a client and a server.
 *
 * A fault holds for connections that are there and for new ones; several add up; `heal` ends them all.
 */
export class TcpProxy {
  private readonly connections = new Set<Connection>();
  private readonly conditions: Record<Direction, LaneConditions> = { up: clear, down: clear };
  private isCut = false;

  /** Rejects if the port is taken. */
  static async listen({ to, port = 0 }: TcpProxyOptions): Promise<TcpProxy> {
    const server = createServer({ allowHalfOpen: true, noDelay: true });
    await new Promise<void>((resolve, reject) => {
      server.once('error', reject);
      server.listen({ host: '127.0.0.1', port, backlog: BACKLOG }, resolve);
    });
    return new TcpProxy(server, typeof to === 'function' ? to : () => to);
  }

  private constructor(
    private readonly listener: Server,
    private readonly to: () => Address,
  ) {
    listener.on('connection', (client) => this.admit(client));
    // A connection that could not be accepted; its client notices.
    listener.on('error', () => undefined);
  }

  get port(): number {
    const address = this.listener.address();
    if (address === null || typeof address === 'string') {
      throw new Error('a proxy that is closed has no port');
    }
    return address.port;
  }

  /** How many connections there are now. */
  get size(): number {
    return this.connections.size;
  }

  /** On how many of them something that was sent has not arrived. */
  get holding(): number {
    return [...this.connections].filter(isHolding).length;
  }

  /** What is sent from now on arrives `ms` later, in order. */
  delay(ms: number, direction: Direction | 'both' = 'both'): void {
    this.change(direction, { delayMs: ms });
  }

  /** Resets every connection, on both sides; a new one is accepted and reset at once, so that the port stays ours. */
  cut(): void {
    this.isCut = true;
    this.resetAll();
  }

  /**
   * Nothing arrives any more in this direction, neither bytes nor an end nor a reset, and the sender is not told.
   *
   * All of it is kept, as a sender's TCP would send it again: `heal` decides what becomes of it.
   */
  blackhole(direction: Direction | 'both'): void {
    this.change(direction, { isHeld: true });
  }

  /** The end of a stream (FIN) arrives `ms` late. */
  slowClose(ms: number): void {
    this.change('both', { closeDelayMs: ms });
  }

  /**
   * The connections that are there fall silent for good, and nobody is told, as when a router forgets them or a server's
   * machine is gone; new ones are not concerned. `heal` resets them.
   */
  forget(): void {
    for (const connection of this.connections) {
      connection.isForgotten = true;
    }
  }

  /**
   * Ends every fault. What was kept arrives, as after a short disturbance; or, with `reset`, the connections it was kept
   * on are reset, as by a router that has forgotten them.
   */
  heal({ reset = false }: { readonly reset?: boolean } = {}): void {
    this.isCut = false;
    this.conditions.up = clear;
    this.conditions.down = clear;
    for (const connection of [...this.connections]) {
      if (connection.isForgotten || (reset && isHolding(connection))) {
        resetBoth(connection);
      } else {
        connection.up.release();
        connection.down.release();
      }
    }
  }

  /** Resets every connection and gives the port back. */
  async close(): Promise<void> {
    const closed = new Promise<void>((resolve) => this.listener.close(() => resolve()));
    this.resetAll();
    await closed;
  }

  private admit(client: Socket): void {
    client.on('error', () => undefined);
    const to = this.isCut ? undefined : this.address();
    if (to === undefined) {
      client.resetAndDestroy();
      return;
    }
    const server = connect({ ...to, allowHalfOpen: true, noDelay: true });
    const connection: Connection = {
      client,
      server,
      up: new TcpLane(client, server, () => (connection.isForgotten ? forgotten : this.conditions.up)),
      down: new TcpLane(server, client, () => (connection.isForgotten ? forgotten : this.conditions.down)),
      isForgotten: false,
    };
    this.connections.add(connection);
    let open = 2;
    for (const socket of [client, server]) {
      socket.on('close', () => {
        open -= 1;
        if (open === 0) {
          this.connections.delete(connection);
        }
      });
    }
  }

  /** Undefined as long as nobody knows it: a client finds nothing there, as where no server listens. */
  private address(): Address | undefined {
    try {
      return this.to();
    } catch {
      return undefined;
    }
  }

  private change(direction: Direction | 'both', change: Partial<LaneConditions>): void {
    for (const each of direction === 'both' ? (['up', 'down'] as const) : [direction]) {
      this.conditions[each] = { ...this.conditions[each], ...change };
    }
  }

  private resetAll(): void {
    [...this.connections].forEach(resetBoth);
  }
}

function isHolding({ up, down }: Connection): boolean {
  return up.isHolding || down.isHolding;
}

function resetBoth({ client, server }: Connection): void {
  client.resetAndDestroy();
  server.resetAndDestroy();
}
