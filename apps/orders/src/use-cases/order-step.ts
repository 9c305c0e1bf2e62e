import type { Outbox } from '@waybill/outbox';
import type { EntityManager } from 'typeorm';
import { advance, decide, type Order, type OrderFacts, type OrderInput, type OrderStep } from '../domain/order.js';
import { lockOrder, updateOrder } from '../persistence/orders.js';
import { announcement, type Cause } from './order-events.js';

export interface Stimulus {
  readonly orderId: string;
  readonly input: OrderInput;
  readonly facts?: OrderFacts;
  /** The event that this comes from; absent when a person asks. */
  readonly cause?: Cause;
  /** When it happens; absent: now. */
  readonly at?: Date;
}

export interface StepTaken {
  readonly kind: OrderStep['kind'];
  /** The order as it is now. */
  readonly order: Order;
}

/**
 * The one way in which an order that exists moves: lock it, ask the state table, write the step, announce it.
 *
 * Answers undefined when there is no such order.
 */
export async function takeStep(
  manager: EntityManager,
  outbox: Outbox,
  { orderId, input, facts = {}, cause, at = new Date() }: Stimulus,
): Promise<StepTaken | undefined> {
  const order = await lockOrder(manager, orderId);
  if (order === undefined) {
    return undefined;
  }
  const step = decide(order.status, input);
  if (step.kind !== 'become') {
    return { kind: step.kind, order };
  }
  const next = advance(order, step, facts, at);
  await updateOrder(manager, next);
  await outbox.append(manager, announcement(next, step.announce, cause));
  return { kind: 'become', order: next };
}

/**
 * What the inbox keeps of it. An event about an order that is not in this database (of a restored backup, of another
 * stack on the same broker) changes nothing here, and is kept as stale, too.
 */
export function outcomeOf(taken: StepTaken | undefined): 'stale' | undefined {
  return taken === undefined || taken.kind === 'stale' ? 'stale' : undefined;
}
