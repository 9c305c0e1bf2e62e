import type { EntityManager, QueryRunner } from 'typeorm';
import { NotInTransactionError } from './outbox-errors.js';

/** The runner of the manager's open transaction. */
export function openTransaction(manager: EntityManager, call: string): QueryRunner {
  const runner = manager.queryRunner;
  if (runner?.isTransactionActive !== true) {
    throw new NotInTransactionError(call);
  }
  return runner;
}
