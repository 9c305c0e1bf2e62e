import type { EventType, NewEvent } from '@waybill/contracts';
import type { Outbox, OutboxRow } from '@waybill/outbox';
import type { EntityManager } from 'typeorm';
import { ROW } from './naive-relay.js';

export interface OutboxInside {
  append(this: Outbox, manager: EntityManager, event: NewEvent<EventType>): Promise<void>;
}

const TAKE_OUT = `DELETE FROM outbox WHERE aggregateid = $1 AND version = $2 RETURNING ${ROW}`;

/**
 * What a design without an outbox sends: the event, built and checked as ours.
 *
 * Its row is written and taken out again within the transaction. So no relay ever finds it; but the prover's ledger
 * (a trigger on the insert) knows what this transaction, if it commits, has to tell.
 */
export async function unseenAppend(
  append: OutboxInside['append'],
  outbox: Outbox,
  manager: EntityManager,
  event: NewEvent<EventType>,
): Promise<readonly OutboxRow[]> {
  await append.call(outbox, manager, event);
  const [rows] = await manager.query<[OutboxRow[], number]>(TAKE_OUT, [event.aggregateId, event.version]);
  return rows;
}
