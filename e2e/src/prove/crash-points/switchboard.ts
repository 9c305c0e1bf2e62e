import { createServer, type Server, type Socket } from 'node:net';
import type { Trap } from './trap.js';
import { type FromService, linesOf, type ToService } from './wire.js';

/** One instance of a service, as it is called everywhere: `orders-2`. */
export type Target = string;

export interface SeenPoint {
  readonly target: Target;
  readonly point: string;
  readonly mayBeLost: boolean;
}

interface Line {
  readonly socket: Socket;
  readonly pid: number;
}

/** Talks with the traps in every service's process, through all its lives. */
export class Switchboard {
  private readonly lines = new Map<Target, Line>();
  private readonly traps = new Map<Target, { readonly trap: Trap; readonly fired: () => void }>();
  private seenBy: (seen: SeenPoint) => void = () => undefined;

  private constructor(private readonly server: Server) {
    server.on('connection', (socket) => this.answer(socket));
  }

  static async listen(path: string): Promise<Switchboard> {
    const server = createServer();
    const board = new Switchboard(server);
    await new Promise<void>((resolve, reject) => {
      server.once('error', reject);
      server.listen(path, resolve);
    });
    return board;
  }

  onSeen(tell: (seen: SeenPoint) => void): void {
    this.seenBy = tell;
  }

  /** Sets a trap in a process, or in the next one of the name if none runs; calls `fired` when it springs. */
  set(target: Target, trap: Trap, fired: () => void): void {
    this.traps.set(target, { trap, fired });
    this.send(target, { trap });
  }

  clear(target: Target): void {
    this.traps.delete(target);
    this.send(target, { trap: null });
  }

  /** Has the points that it passes from now on told, also those that were told of before. */
  tellAgain(target: Target): void {
    this.send(target, { trap: this.traps.get(target)?.trap ?? null, again: true });
  }

  pidOf(target: Target): number | undefined {
    return this.lines.get(target)?.pid;
  }

  async close(): Promise<void> {
    for (const { socket } of this.lines.values()) {
      socket.destroy();
    }
    await new Promise((resolve) => this.server.close(resolve));
  }

  private send(target: Target, message: ToService): void {
    this.lines.get(target)?.socket.write(`${JSON.stringify(message)}\n`);
  }

  private answer(socket: Socket): void {
    let target: Target = '';
    socket.setEncoding('utf8');
    socket.on('error', () => undefined);
    socket.on('close', () => {
      if (this.lines.get(target)?.socket === socket) {
        this.lines.delete(target);
      }
    });
    const onLine = (line: string) => {
      const message = JSON.parse(line) as FromService;
      switch (message.kind) {
        case 'hello':
          target = `${message.service}-${message.instance}`;
          this.lines.set(target, { socket, pid: message.pid });
          this.send(target, { trap: this.traps.get(target)?.trap ?? null });
          break;
        case 'seen':
          this.seenBy({ target, point: message.point, mayBeLost: message.mayBeLost });
          break;
        case 'fired':
          this.fired(target, message.trap);
      }
    };
    socket.on('data', linesOf(onLine) as (chunk: string | Buffer) => void);
  }

  private fired(target: Target, trap: Trap): void {
    const set = this.traps.get(target);
    if (set?.trap.point === trap.point && set.trap.mode === trap.mode) {
      this.traps.delete(target);
      set.fired();
    }
  }
}
