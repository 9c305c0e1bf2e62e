import { Inject, Injectable } from '@nestjs/common';
import { Outbox } from '@waybill/outbox';
import type { EntityManager } from 'typeorm';
import { type StepTaken, takeStep } from './order-step.js';

@Injectable()
export class CancelOrder {
  constructor(@Inject(Outbox) private readonly outbox: Outbox) {}

  /**
   * The customer does not want it any more. Before it is confirmed that ends it at once; after that shipping is asked,
   * and the order is CANCELLING until shipping has answered. Answers undefined when there is no such order.
   */
  async run(manager: EntityManager, orderId: string): Promise<StepTaken | undefined> {
    return takeStep(manager, this.outbox, {
      orderId,
      input: 'cancel',
      facts: { reason: 'cancelled by the customer' },
    });
  }
}
