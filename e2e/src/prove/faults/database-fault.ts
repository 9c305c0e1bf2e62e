import { services } from '@waybill/contracts';
import { between, oneOf } from '../random.js';
import type { Fault, World } from './fault.js';

const LATE_MS = 1_500;

/** Postgres killed, its connections broken, a row locked by a stranger, or commits that come late. */
export function databaseFault(world: World): Fault {
  return oneOf(world.random, [killed, killed, disconnected, locked, late])(world);
}

function killed({ platform, random }: World): Fault {
  return {
    kind: 'database',
    target: 'postgres',
    detail: 'kill -9',
    durationMs: between(random, 300, 4_000),
    inject: () => platform.postgres.kill(),
    heal: () => platform.postgres.start(),
  };
}

/** Every connection of a service's login, several times: some of them within a transaction, some at its COMMIT. */
function disconnected({ watch, random }: World): Fault {
  const service = oneOf(random, services);
  return {
    kind: 'database',
    target: `postgres of ${service}`,
    detail: 'all connections terminated, four times',
    durationMs: 0,
    inject: async () => {
      for (let turn = 0; turn < 4; turn++) {
        await watch.query(
          service,
          `SELECT pg_terminate_backend(pid), pg_sleep(0.15) FROM pg_stat_activity WHERE datname = current_database() AND usename LIKE '%\\_a'`,
        );
      }
    },
    heal: () => Promise.resolve(),
  };
}

/** The rows that orders need, locked by somebody who takes his time. */
function locked({ watch, random }: World): Fault {
  const durationMs = between(random, 2_000, 4_500);
  return {
    kind: 'database',
    target: 'postgres of inventory',
    detail: 'the rows of stock locked by a stranger',
    durationMs: 0,
    inject: async () => {
      await watch.aside(
        'inventory',
        `BEGIN; SELECT sku FROM stock ORDER BY sku FOR UPDATE; SELECT pg_sleep(${durationMs / 1_000}); COMMIT`,
      );
    },
    heal: () => Promise.resolve(),
  };
}

/** One transaction in ten that has written an event commits late: what was written after it is visible before it. */
function late({ watch, random }: World): Fault {
  const service = oneOf(random, services);
  return {
    kind: 'database',
    target: `postgres of ${service}`,
    detail: `one commit in ten comes ${LATE_MS} ms late`,
    durationMs: between(random, 3_000, 6_000),
    inject: async () => {
      await watch.query(service, 'UPDATE prove.late_commits SET share = 0.1, ms = $1', [LATE_MS]);
    },
    heal: async () => {
      await watch.query(service, 'UPDATE prove.late_commits SET share = 0');
    },
  };
}
