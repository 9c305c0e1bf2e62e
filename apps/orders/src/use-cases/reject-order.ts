import { Inject, Injectable } from '@nestjs/common';
import type { ReceivedEvent } from '@waybill/contracts';
import { Outbox } from '@waybill/outbox';
import type { EntityManager } from 'typeorm';
import { outcomeOf, takeStep } from './order-step.js';

@Injectable()
export class RejectOrder {
  constructor(@Inject(Outbox) private readonly outbox: Outbox) {}

  /** Inventory could not hold every line, and holds none: the order ends here, with inventory's reason. */
  async run(manager: EntityManager, event: ReceivedEvent<'waybill.stock.rejected.v1'>): Promise<'stale' | undefined> {
    const { orderId, reason } = event.data;
    return outcomeOf(await takeStep(manager, this.outbox, { orderId, input: 'stock.rejected', facts: { reason }, cause: event }));
  }
}
