import { parseArgs } from 'node:util';
import { ConfigError } from '@waybill/config';
import { type Service, services } from '@waybill/contracts';
import { UNAVAILABLE_EXIT_CODE, USAGE_EXIT_CODE } from './command-errors.js';
import { parseDurationMs } from './duration.js';
import { findStack } from './find-stack.js';
import { reconcile, type ReconcileSource, renderReconciliation } from './reconcile.js';

export const RECONCILE_HELP = `npm run waybill -- reconcile [OPTIONS]

Compares orders, reservations and shipments across the databases of the three services, and lists what does not fit
together and will not mend itself, by kind (docs/patterns/saga.md). It changes nothing.

  --older-than 1h  also list orders that are open for longer than this (default 24h; units: ms, s, m, h, d)
  --settle 10s     how long what is under way may take to arrive, before it counts as missing (default 10s)
  --json           everything, for programs

The databases are those of WAYBILL_ORDERS_DATABASE_URL, WAYBILL_INVENTORY_DATABASE_URL and WAYBILL_SHIPPING_DATABASE_URL
(and the brokers those of WAYBILL_KAFKA_BROKERS) where all three are set, else those of the stack of \`npm start\`.

Exit code: 0 everything fits, 1 something is listed, 64 wrong options, 69 a database or broker could not be asked.`;

/** Returns the exit code; 1 is for what was found, and means nothing else. */
export async function reconcileCommand(args: string[], env: NodeJS.ProcessEnv = process.env): Promise<number> {
  const options = readOptions(args);
  if (typeof options === 'string') {
    console.error(`${options}\n\n${RECONCILE_HELP}`);
    return USAGE_EXIT_CODE;
  }
  if (options.help) {
    console.log(RECONCILE_HELP);
    return 0;
  }
  try {
    const result = await reconcile(await findSource(env), options);
    console.log(options.json ? JSON.stringify(result, null, 2) : renderReconciliation(result));
    return result.mismatches.length === 0 ? 0 : 1;
  } catch (error) {
    if (error instanceof ConfigError) {
      throw error;
    }
    console.error(`The comparison could not be made: ${error instanceof Error ? error.message || error.name : String(error)}`);
    return UNAVAILABLE_EXIT_CODE;
  }
}

/** The options, or what is wrong with them. */
function readOptions(args: string[]) {
  try {
    const { values } = parseArgs({
      args,
      options: {
        'older-than': { type: 'string', default: '24h' },
        settle: { type: 'string', default: '10s' },
        json: { type: 'boolean', default: false },
        help: { type: 'boolean', short: 'h', default: false },
      },
    });
    const olderThanMs = parseDurationMs(values['older-than']);
    const settleMs = parseDurationMs(values.settle);
    if (olderThanMs === undefined || settleMs === undefined) {
      const [name, value] = olderThanMs === undefined ? ['older-than', values['older-than']] : ['settle', values.settle];
      return `--${name} should be a duration such as 90s, 15m or 1h, got ${value}.`;
    }
    return { olderThanMs, settleMs, json: values.json, help: values.help };
  } catch (error) {
    return error instanceof Error ? error.message : String(error);
  }
}

async function findSource(env: NodeJS.ProcessEnv): Promise<ReconcileSource> {
  const named = namedDatabases(env);
  if (named !== undefined) {
    return { databases: named, brokers: env['WAYBILL_KAFKA_BROKERS'] || undefined };
  }
  const { postgres, kafka } = await findStack(env);
  const { orders, inventory, shipping } = postgres;
  if (orders === undefined || inventory === undefined || shipping === undefined) {
    throw new NoDatabasesError();
  }
  return { databases: { orders, inventory, shipping }, brokers: kafka.brokers };
}

function namedDatabases(env: NodeJS.ProcessEnv): Record<Service, string> | undefined {
  const urls = services.map((service) => [service, env[`WAYBILL_${service.toUpperCase()}_DATABASE_URL`]] as const);
  return urls.every(([, url]) => url !== undefined && url !== '')
    ? (Object.fromEntries(urls) as Record<Service, string>)
    : undefined;
}

/** What went wrong, in words for a person. */
class NoDatabasesError extends Error {
  readonly code = 'NO_DATABASES';

  constructor() {
    super('The stack that runs here keeps its passwords to itself. Set WAYBILL_*_DATABASE_URL, all three.');
    this.name = 'NoDatabasesError';
  }
}
