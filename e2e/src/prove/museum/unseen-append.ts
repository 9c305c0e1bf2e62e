import type { EventType, NewEvent } from '@waybill/contracts';
import { Outbox, type OutboxRow, type RawRecord } from '@waybill/outbox';
import type { EntityManager } from 'typeorm';
import { ROW } from './naive-relay.js';
import { swap } from './swap.js';

interface OutboxInside {
  append(this: Outbox, manager: EntityManager, event: NewEvent<EventType>): Promise<void>;
  appendRaw(this: Outbox, manager: EntityManager, record: RawRecord): Promise<void>;
}

const TAKE_OUT = `DELETE FROM outbox WHERE aggregateid = $1 RETURNING ${ROW}`;

/**
 * Replaces the outbox by a design that has none: `instead` gets the event, built and checked as ours.
 *
 * Its row is written and taken out again within the transaction. So no relay ever finds it; but the prover's ledger
 * (a trigger on the insert) knows what this transaction, if it commits, has to tell.
 */
export function replaceAppend(instead: (manager: EntityManager, rows: readonly OutboxRow[]) => Promise<void>): void {
  const takeOut = async (manager: EntityManager, aggregateId: string) => {
    const [rows] = await manager.query<[OutboxRow[], number]>(TAKE_OUT, [aggregateId]);
    await instead(manager, rows);
  };
  const { append, appendRaw } = swap<OutboxInside>(Outbox, {
    async append(manager, event): Promise<void> {
      await append.call(this, manager, event);
      await takeOut(manager, event.aggregateId);
    },
    async appendRaw(manager, record): Promise<void> {
      await appendRaw.call(this, manager, record);
      await takeOut(manager, record.aggregateId);
    },
  });
}
