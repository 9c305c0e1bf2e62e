import { Inject, Injectable } from '@nestjs/common';
import { Outbox } from '@waybill/outbox';
import type { EntityManager } from 'typeorm';
import { lockOverdueOrders, type OverdueQuery } from '../persistence/overdue-orders.js';
import { takeStep } from './order-step.js';

@Injectable()
export class ExpireOrders {
  constructor(@Inject(Outbox) private readonly outbox: Outbox) {}

  /**
   * The deadline of these orders has passed: who is only placed is cancelled, about who is confirmed shipping is asked.
   * Answers how many there were; as many as the limit means that there may be more.
   *
   * @throws OrderNotExpiredError naming the order that failed; the transaction must be rolled back
   */
  async run(manager: EntityManager, overdue: OverdueQuery): Promise<number> {
    const orderIds = await lockOverdueOrders(manager, overdue);
    for (const orderId of orderIds) {
      const facts = { reason: 'not shipped by its deadline' };
      try {
        await takeStep(manager, this.outbox, { orderId, input: 'deadline', facts, at: overdue.at });
      } catch (cause) {
        throw new OrderNotExpiredError(orderId, cause);
      }
    }
    return orderIds.length;
  }
}

/** The step of one order failed, and took the others of its transaction with it. */
export class OrderNotExpiredError extends Error {
  readonly code = 'ORDER_NOT_EXPIRED';

  constructor(
    readonly orderId: string,
    cause: unknown,
  ) {
    super(`The deadline of order ${orderId} has passed, and the order could not be moved.`, { cause });
    this.name = 'OrderNotExpiredError';
  }
}
