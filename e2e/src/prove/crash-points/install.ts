import { createRequire } from 'node:module';
import { connect } from 'node:net';
import { serviceToTrap } from './admission.js';
import { pointName } from './point-name.js';
import { Traps } from './trap.js';
import { type FromService, linesOf, type ToService } from './wire.js';
import { type UndiciModule, wrapHttp } from './wrap-http.js';
import { type KafkajsModule, wrapKafka } from './wrap-kafka.js';
import { type PostgresClient, wrapPostgres } from './wrap-postgres.js';
import { type Shutdown, wrapShutdown } from './wrap-shutdown.js';

/*
 * Preloaded into a service's process (node --import), never imported: puts traps around the ports before the service
 * loads them. No image holds this file, and it refuses to run in production.
 */

const FRAMES_MAX = 60;
/** A process that has sent itself SIGSTOP may run on for a moment, on another thread. */
const STOPPED_WITHIN_MS = 20;

const main = process.argv[1] ?? '';
type Admitted = NonNullable<ReturnType<typeof serviceToTrap>>;
const admitted = serviceToTrap(main, process.env);
if (admitted !== undefined) {
  await install(admitted);
}

async function install({ service, socketPath }: Admitted): Promise<void> {
  const socket = connect(socketPath);
  socket.setEncoding('utf8');
  // Whoever set the traps is gone: then there are none.
  socket.on('error', () => undefined);
  // To a UNIX socket with room for it a write is one system call, and the line is out when it returns.
  const say = (message: FromService) => void socket.write(`${JSON.stringify(message)}\n`);
  Error.stackTraceLimit = FRAMES_MAX;
  const traps = new Traps({
    nameOf: (operation) => {
      const here = { stack: '' };
      Error.captureStackTrace(here);
      return pointName(here.stack, operation);
    },
    onSeen: (point, mayBeLost) => say({ kind: 'seen', point, mayBeLost }),
    onFired: (trap) => say({ kind: 'fired', trap }),
    signal: (name) => {
      process.kill(process.pid, name);
      const sent = performance.now();
      while (performance.now() - sent < STOPPED_WITHIN_MS) {
        // Nothing may happen in between.
      }
    },
  });
  const ready = new Promise<void>((resolve) => {
    socket.on(
      'data',
      linesOf((line) => {
        const { trap, again } = JSON.parse(line) as ToService;
        traps.set(trap ?? undefined);
        if (again === true) {
          traps.tellAgain();
        }
        resolve();
      }) as (chunk: string | Buffer) => void,
    );
    socket.on('close', resolve);
  });
  const instance = Number(process.env['WAYBILL_INSTANCE'] ?? 1);
  say({ kind: 'hello', service, instance, pid: process.pid });
  wrapPorts(traps);
  await ready;
  socket.unref();
}

/** The very modules that the service will load. */
function wrapPorts(traps: Traps): void {
  const load = createRequire(main);
  const { Client } = load('pg') as { Client: { prototype: PostgresClient } };
  wrapPostgres(Client.prototype, traps);
  wrapKafka(load('kafkajs') as KafkajsModule, traps);
  wrapHttp(load('undici') as UndiciModule, traps);
  const { GracefulShutdown } = load('@waybill/graceful-shutdown') as { GracefulShutdown: { prototype: Shutdown } };
  wrapShutdown(GracefulShutdown.prototype, traps);
}
