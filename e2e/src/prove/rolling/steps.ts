import { GracefulShutdown, type Phase } from '@waybill/graceful-shutdown';
import { swap } from '../museum/swap.js';

/** A step of the stop that a control leaves out. */
export interface LeftOut {
  readonly name: string;
  /** What the process does instead, in one sentence. */
  readonly wrong: string;
  /**
   * Where it shows: a request fails, or an order waits until Kafka has given up on a process that is gone. `nothing`: other
   * steps, or what comes after the process, make up for it; docs/patterns/graceful-shutdown.md says which.
   */
  readonly shows: 'requests' | 'late orders' | 'nothing';
  /** In the process that is to be stopped wrongly. */
  install(): void;
}

interface Inside {
  on(this: GracefulShutdown, phase: Phase, name: string, step: () => void | Promise<void>): void;
  stop(this: GracefulShutdown, reason: string, exitCode?: number): Promise<void>;
  listenTo(this: GracefulShutdown, source: object): void;
}

/** Each of them is a way in which services are stopped elsewhere; the order is that of the stop. */
export const leftOutSteps: readonly LeftOut[] = [
  {
    name: 'readiness',
    wrong: 'drains without saying "not ready": balancers go on sending, and are surprised',
    shows: 'requests',
    install: () => without('readiness', 'health'),
  },
  {
    name: 'drain',
    wrong: 'stops listening as soon as it has said "not ready": balancers have not asked yet',
    shows: 'requests',
    install: () => without('drain', 'drain'),
  },
  {
    name: 'connection-close',
    wrong: 'answers in the drain without "Connection: close": clients keep connections that are about to die',
    shows: 'requests',
    install: () => Object.defineProperty(GracefulShutdown.prototype, 'isStopping', { get: () => false }),
  },
  {
    name: 'in-flight',
    wrong: 'closes its servers without waiting for the requests that have begun',
    shows: 'requests',
    install: () => without('in-flight', 'work in hand'),
  },
  {
    name: 'database-last',
    wrong: 'closes the pool when it stops listening, while requests still need it',
    shows: 'requests',
    install: () => earlier('database', 'pool', 'intake'),
  },
  {
    name: 'group',
    wrong: 'ends without leaving its consumer group: its partitions wait until the session has run out',
    shows: 'late orders',
    install: () => without('intake', 'consumer'),
  },
  {
    name: 'listener',
    wrong: 'goes on listening until its servers are closed: after a drain nobody comes any more',
    shows: 'nothing',
    install: () => without('intake', 'http'),
  },
  {
    name: 'relay',
    wrong: 'ends in the middle of a batch: another relay sends it again when the lease has run out, and the inbox drops the copies',
    shows: 'nothing',
    install: () => without('servers', 'relay'),
  },
  {
    name: 'kafka',
    wrong: 'ends without closing its connections to Kafka: nothing is sent over them by then',
    shows: 'nothing',
    install: () => without('connections', 'kafka'),
  },
  {
    name: 'all',
    wrong: 'ends at SIGTERM, as a process without handlers does',
    shows: 'requests',
    install: () => swap<Pick<Inside, 'listenTo'>>(GracefulShutdown, { listenTo: () => process.on('SIGTERM', () => process.exit(0)) }),
  },
];

/** Those without which something fails. */
export const neededSteps = leftOutSteps.filter(({ shows }) => shows !== 'nothing');

export function leftOutStep(name: string): LeftOut {
  const found = leftOutSteps.find((each) => each.name === name);
  if (found === undefined) {
    throw new Error(`expected one of ${leftOutSteps.map((each) => each.name).join(', ')}; got "${name}"`);
  }
  return found;
}

/** The step is never taken. */
function without(phase: Phase, name: string): void {
  change(phase, name, () => undefined);
}

/** The step is taken in another phase. */
function earlier(phase: Phase, name: string, at: Phase): void {
  change(phase, name, (on) => on(at));
}

/** @throws Error at the stop, when no such step was ever added: a control that leaves nothing out would prove nothing */
function change(phase: Phase, name: string, instead: (on: (at: Phase) => void) => void): void {
  const met = new WeakSet<GracefulShutdown>();
  const before: Pick<Inside, 'on' | 'stop'> = swap<Pick<Inside, 'on' | 'stop'>>(GracefulShutdown, {
    on(itsPhase, itsName, step) {
      if (itsPhase === phase && itsName === name) {
        met.add(this);
        instead((at) => before.on.call(this, at, itsName, step));
      } else {
        before.on.call(this, itsPhase, itsName, step);
      }
    },
    stop(reason, exitCode) {
      if (!met.has(this)) {
        process.stderr.write(`the stop should have a step "${name}" in the phase "${phase}", and has none: adapt rolling/steps.ts\n`);
        process.exit(70);
      }
      return before.stop.call(this, reason, exitCode);
    },
  });
}
