import { type OutboxRow, OutboxSignal } from '@waybill/outbox';
import type { DataSource, QueryRunner } from 'typeorm';
import { withoutRelay } from '../naive-relay.js';
import { swap } from '../swap.js';
import { replaceAppend } from '../unseen-append.js';

/*
 * Commit, then publish: two writes, one after the other.
 *
 * It looks right because each line is: the change is safe, and only then the others are told; no event can be untrue.
 * Between the two lines there is nothing, and a process that dies there, or a broker that is away, leaves a change that
 * nobody will ever hear of. The caller who tries again is told that all is done, and it is not.
 *
 * Who: eShop saves its events beside the change and publishes them after the commit; nothing ever sends one again.
 */
export function install(): void {
  const send = withoutRelay();
  const toTell = new WeakMap<QueryRunner, OutboxRow[]>();

  replaceAppend(async ({ queryRunner }, rows) => {
    if (queryRunner !== undefined) {
      toTell.set(queryRunner, [...(toTell.get(queryRunner) ?? []), ...rows]);
    }
  });

  swap<Pick<OutboxSignal, 'watch'>>(OutboxSignal, {
    watch(dataSource: DataSource) {
      dataSource.subscribers.push({
        afterTransactionCommit: async ({ queryRunner }) => {
          const rows = toTell.get(queryRunner);
          toTell.delete(queryRunner);
          if (rows !== undefined) {
            await send(rows);
          }
        },
      });
    },
  });
}
