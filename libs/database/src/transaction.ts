import { setTimeout as sleep } from 'node:timers/promises';
import type pg from 'pg';
import type { DataSource, EntityManager, QueryRunner } from 'typeorm';
import {
  AbortedTransactionError,
  CommitUnknownError,
  ConnectionLostError,
  isConnectionLost,
  isStalePlan,
  sqlStateOf,
} from './database-errors.js';

/** Serialization failure and deadlock: Postgres asks for the whole transaction again, and only for these. */
const RETRIABLE = new Set(['40001', '40P01']);
const ATTEMPTS_MAX = 4;
const BACKOFF_MS = 20;

/**
 * Runs one transaction, again from the start after a serialization failure, a deadlock, or a migration that made a
 * prepared statement stale (at most 4 times).
 *
 * `run` must do all its work through the manager it is given, and may run more than once.
 * @throws CommitUnknownError when the connection was lost at COMMIT
 * @throws ConnectionLostError when it was lost before: nothing has happened
 * @throws AbortedTransactionError when `run` swallowed the error of a statement
 */
export async function transaction<T>(dataSource: DataSource, run: (manager: EntityManager) => Promise<T>): Promise<T> {
  for (let attempt = 1; ; attempt++) {
    try {
      return await runOnce(dataSource, run);
    } catch (error) {
      if (attempt >= ATTEMPTS_MAX || !(RETRIABLE.has(sqlStateOf(error) ?? '') || isStalePlan(error))) {
        throw error;
      }
      // Two transactions that collided must not meet again at the same moment.
      await sleep(Math.random() * BACKOFF_MS * 2 ** attempt);
    }
  }
}

async function runOnce<T>(dataSource: DataSource, run: (manager: EntityManager) => Promise<T>): Promise<T> {
  const runner = dataSource.createQueryRunner();
  let broken: Error | undefined;
  try {
    await begin(runner);
    let result: T;
    try {
      result = await run(runner.manager);
    } catch (error) {
      if (runner.isReleased && !isConnectionLost(error)) {
        // TypeORM has taken the broken connection away, and complains of its absence.
        throw new ConnectionLostError(error);
      }
      await rollBack(runner);
      throw error;
    }
    await commit(runner);
    return result;
  } catch (error) {
    broken = error instanceof Error && isConnectionLost(error) ? error : undefined;
    throw error;
  } finally {
    await release(runner, broken);
  }
}

/**
 * BEGIN goes out together with the first statement of the transaction, which saves a round trip: a connection that is
 * lost fails both, and no other error of BEGIN is possible.
 */
async function begin(runner: QueryRunner): Promise<void> {
  const client = (await runner.connect()) as pg.PoolClient;
  await runner.broadcaster.broadcast('BeforeTransactionStart');
  const session = runner as unknown as { isTransactionActive: boolean; transactionDepth: number };
  session.isTransactionActive = true;
  session.transactionDepth = 1;
  client.query('BEGIN').catch(() => undefined);
  await runner.broadcaster.broadcast('AfterTransactionStart');
}

/**
 * Gives the connection back, and one that is lost for good: the server's last word comes before the end of the socket
 * is seen, and in between the pool would hand the dead connection to the next one.
 */
async function release(runner: QueryRunner, broken: Error | undefined): Promise<void> {
  if (broken === undefined) {
    await runner.release();
  } else {
    await (runner as unknown as LosesConnections).releasePostgresConnection(broken);
  }
}

/** TypeORM's own way to tell the pool, which it keeps private. */
interface LosesConnections {
  releasePostgresConnection(error: Error): Promise<void>;
}

/**
 * COMMIT, with a look at what the server made of it: it answers that of a failed transaction with success and the tag
 * ROLLBACK. TypeORM does not show the tag, so the statement goes to the connection itself; the subscribers hear of it
 * as they would from TypeORM.
 */
async function commit(runner: QueryRunner): Promise<void> {
  if (runner.isReleased) {
    // TypeORM has taken the broken connection away. COMMIT was not sent: what was done is undone.
    throw new ConnectionLostError();
  }
  const client = (await runner.connect()) as pg.PoolClient;
  await runner.broadcaster.broadcast('BeforeTransactionCommit');
  let command: string;
  try {
    ({ command } = await client.query('COMMIT'));
  } catch (error) {
    throw isConnectionLost(error) ? new CommitUnknownError(error) : error;
  }
  if (command !== 'COMMIT') {
    throw new AbortedTransactionError();
  }
  (runner as { isTransactionActive: boolean }).isTransactionActive = false;
  await runner.broadcaster.broadcast('AfterTransactionCommit');
}

async function rollBack(runner: QueryRunner): Promise<void> {
  try {
    await runner.rollbackTransaction();
  } catch {
    // The connection is gone, and with it the transaction: the first error is the one that tells why.
  }
}
