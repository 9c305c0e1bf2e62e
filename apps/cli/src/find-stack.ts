import { readStack, type StackFile, waybillHome } from '@waybill/local';
import { UNAVAILABLE_EXIT_CODE } from './command-errors.js';

const PROBE_TIMEOUT_MS = 2_000;
const ports = { carrier: 3004, orders: 3001, inventory: 3002, shipping: 3003 };

/** The stack that `npm start` runs here; else one that answers at the usual ports, as `docker compose up` makes it. */
export async function findStack(env: NodeJS.ProcessEnv = process.env): Promise<StackFile> {
  const stack = readStack() ?? (await stackAtUsualPorts(env));
  if (stack === undefined) {
    throw new NoStackError(waybillHome());
  }
  return stack;
}

/** What went wrong, in words for a person. */
export class NoStackError extends Error {
  readonly code = 'NO_STACK';
  readonly exitCode = UNAVAILABLE_EXIT_CODE;

  constructor(home: string) {
    super(
      `No stack runs here: neither one of \`npm start\` in ${home}, nor one of \`docker compose up\` at the usual ports. Start one: npm start`,
    );
    this.name = 'NoStackError';
  }
}

async function stackAtUsualPorts(env: NodeJS.ProcessEnv): Promise<StackFile | undefined> {
  const services = Object.entries(ports).map(([name, port]) => ({
    name,
    instance: 1,
    url: `http://127.0.0.1:${env[`${name.toUpperCase()}_PORT`] || port}`,
    pid: 0,
    log: `docker compose logs ${name}`,
  }));
  const answers = await Promise.all(services.map(({ url }) => doesAnswer(`${url}/health/live`)));
  if (!answers.every(Boolean)) {
    return undefined;
  }
  const jaeger = `http://127.0.0.1:${env['JAEGER_PORT'] || 16686}`;
  return {
    pid: 0,
    startedAt: '',
    services,
    kafka: { brokers: `127.0.0.1:${env['KAFKA_PORT'] || 9092}` },
    postgres: {},
    jaeger: (await doesAnswer(jaeger)) ? jaeger : null,
  };
}

async function doesAnswer(url: string): Promise<boolean> {
  try {
    const response = await fetch(url, { signal: AbortSignal.timeout(PROBE_TIMEOUT_MS) });
    await response.arrayBuffer();
    return response.ok;
  } catch {
    return false;
  }
}
