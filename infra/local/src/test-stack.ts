import { findJava } from './java.js';
import { freePortOffset } from './port-check.js';
import { progressOn, silent } from './progress.js';
import { defaultPorts, slotsOf } from './services.js';
import type { BuildOf, EnvironmentOf, Stack } from './stack.js';
import { prepareStack } from './start-stack.js';
import { makeTemporaryHome } from './temporary-home.js';

export interface TestStackOptions {
  /** Absent: a folder of its own that is gone after the stop, whatever becomes of this process. */
  readonly home?: string;
  /** Added to every port; absent: one at which all ports are free. */
  readonly portOffset?: number;
  /** Of each service; 1. */
  readonly instances?: number;
  /** Start again what has ended by itself; false, because a test wants to see what it killed stay dead. */
  readonly restart?: boolean;
  /** Forget what an earlier stack left in `home`. */
  readonly fresh?: boolean;
  /** Say nothing; true. */
  readonly quiet?: boolean;
  /** Over this process's own environment, for the services. */
  readonly env?: Readonly<Record<string, string>>;
  /** Each line that a service logs. */
  readonly onLine?: (service: string, line: string) => void;
  /** Asked at each start of a process, for what is laid over its environment alone. */
  readonly envOf?: EnvironmentOf;
  /** Asked at each start of a process, for the built workspace that it comes from; absent: this one. */
  readonly buildOf?: BuildOf;
  /** Services reach Kafka by a second listener, which sends them on to this port; only where Kafka is embedded. */
  readonly kafkaProxyPort?: number;
}

/**
 * Starts a whole platform for a test: real Kafka, real Postgres, every service a process; resolves when all are ready.
 *
 * Kafka and Postgres run under this machine's Java where there is one, else in containers (WAYBILL_INFRA decides it).
 */
export async function startStack(options: TestStackOptions = {}): Promise<Stack> {
  const instances = options.instances ?? 1;
  const portOffset = options.portOffset ?? (await freePortOffset((offset) => slotsOf(defaultPorts, offset, instances)));
  const stack = await prepareStack({
    home: options.home ?? (await makeTemporaryHome()),
    env: {
      ...withoutShellSettings(process.env),
      WAYBILL_INFRA: process.env['WAYBILL_INFRA'] || (await infrastructureForTests()),
      ...options.env,
      WAYBILL_PORT_OFFSET: String(portOffset),
    },
    instances,
    restart: options.restart ?? false,
    fresh: options.fresh ?? false,
    temporary: options.home === undefined,
    progress: (options.quiet ?? true) ? silent : progressOn((line) => console.log(line)),
    onLine: (slot, line) => options.onLine?.(slot.name, line),
    envOf: options.envOf,
    buildOf: options.buildOf,
    kafkaProxyPort: options.kafkaProxyPort,
  });
  try {
    await stack.start();
    return stack;
  } catch (error) {
    await stack.stop();
    throw error;
  }
}

/** A test says itself what its stack is like; what a developer has exported for his own stack is not meant for it. */
function withoutShellSettings(env: NodeJS.ProcessEnv): NodeJS.ProcessEnv {
  const settings = /^(WAYBILL_|CARRIER_|ORDERS_|INVENTORY_|SHIPPING_|SHUTDOWN_|OTEL_|ROLES$|LOG_LEVEL$|NODE_OPTIONS$|VITEST)/;
  return Object.fromEntries(Object.entries(env).filter(([name]) => !settings.test(name)));
}

async function infrastructureForTests(): Promise<string> {
  try {
    await findJava();
    return 'embedded';
  } catch {
    return 'docker';
  }
}
