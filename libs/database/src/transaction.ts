import { setTimeout as sleep } from 'node:timers/promises';
import type { DataSource, EntityManager, QueryRunner } from 'typeorm';
import { AbortedTransactionError, CommitUnknownError, isConnectionLost, sqlStateOf } from './database-errors.js';

/** Serialization failure and deadlock: Postgres asks for the whole transaction again, and only for these. */
const RETRIABLE = new Set(['40001', '40P01']);
const ATTEMPTS_MAX = 4;
const BACKOFF_MS = 20;

/**
 * Runs one transaction, again from the start after a serialization failure or deadlock (at most 4 times).
 *
 * `run` must do all its work through the manager it is given, and may run more than once.
 * @throws CommitUnknownError when the connection was lost at COMMIT
 * @throws AbortedTransactionError when `run` swallowed the error of a statement
 */
export async function transaction<T>(dataSource: DataSource, run: (manager: EntityManager) => Promise<T>): Promise<T> {
  for (let attempt = 1; ; attempt++) {
    try {
      return await runOnce(dataSource, run);
    } catch (error) {
      if (attempt >= ATTEMPTS_MAX || !RETRIABLE.has(sqlStateOf(error) ?? '')) {
        throw error;
      }
      // Two transactions that collided must not meet again at the same moment.
      await sleep(Math.random() * BACKOFF_MS * 2 ** attempt);
    }
  }
}

async function runOnce<T>(dataSource: DataSource, run: (manager: EntityManager) => Promise<T>): Promise<T> {
  const runner = dataSource.createQueryRunner();
  try {
    await runner.startTransaction();
    let result: T;
    try {
      result = await run(runner.manager);
      await refuseIfAborted(runner);
    } catch (error) {
      await rollBack(runner);
      throw error;
    }
    try {
      await runner.commitTransaction();
    } catch (error) {
      throw isConnectionLost(error) ? new CommitUnknownError(error) : error;
    }
    return result;
  } finally {
    await runner.release();
  }
}

/** Postgres answers COMMIT of a failed transaction with success and the tag ROLLBACK: look before. */
async function refuseIfAborted(runner: QueryRunner): Promise<void> {
  const client = (await runner.connect()) as { getTransactionStatus(): string | null };
  if (client.getTransactionStatus() === 'E') {
    throw new AbortedTransactionError();
  }
}

async function rollBack(runner: QueryRunner): Promise<void> {
  try {
    await runner.rollbackTransaction();
  } catch {
    // The connection is gone, and with it the transaction: the first error is the one that tells why.
  }
}
