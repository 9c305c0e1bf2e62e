import { services } from '@waybill/contracts';
import { between, oneOf } from '../random.js';
import type { Fault, World } from './fault.js';

const LATE_MS = 1_500;

/** Postgres killed, its connections broken or refused, rows locked by a stranger, deadlocks, or commits that come late. */
export function databaseFault(world: World): Fault {
  return oneOf(world.random, [killed, killed, disconnected, crowded, locked, deadlocked, late])(world);
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

/** All connections ended, and only two at a time let in again: every pool waits, and most of what it asks for is refused (53300). */
function crowded({ watch, random }: World): Fault {
  const service = oneOf(random, services);
  const limit = (connections: number) => watch.query(service, `ALTER DATABASE ${service} CONNECTION LIMIT ${connections}`);
  return {
    kind: 'database',
    target: `postgres of ${service}`,
    detail: 'no more than two connections',
    durationMs: between(random, 2_000, 6_000),
    inject: async () => {
      await limit(2);
      await watch.query(
        service,
        `SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = current_database() AND usename LIKE '%\\_a'`,
      );
    },
    heal: async () => {
      await limit(-1);
    },
  };
}

/**
 * A stranger who locks the rows of stock one by one, from the last to the first: against the order in which inventory does.
 * He waits so patiently that it is the other whom the server ends (40P01), after its deadlock_timeout of 1 s.
 */
function deadlocked({ watch }: World): Fault {
  return {
    kind: 'database',
    target: 'postgres of inventory',
    detail: 'deadlocks with a stranger, five times',
    durationMs: 0,
    inject: async () => {
      const lock = (sku: string) => `PERFORM 1 FROM stock WHERE sku = ${sku} FOR UPDATE; PERFORM pg_sleep(0.05);`;
      for (let turn = 0; turn < 5; turn++) {
        await watch.aside(
          'inventory',
          `BEGIN; SET LOCAL deadlock_timeout = '10s'; SET LOCAL lock_timeout = '5s';
           DO $$ DECLARE each text; BEGIN
             FOR each IN SELECT sku FROM stock ORDER BY sku DESC LOOP ${lock('each')} END LOOP;
           END $$; COMMIT`,
        );
      }
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
