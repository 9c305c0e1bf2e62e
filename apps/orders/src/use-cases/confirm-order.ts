import { Inject, Injectable } from '@nestjs/common';
import type { ReceivedEvent } from '@waybill/contracts';
import { Outbox } from '@waybill/outbox';
import type { EntityManager } from 'typeorm';
import { outcomeOf, takeStep } from './order-step.js';

@Injectable()
export class ConfirmOrder {
  constructor(@Inject(Outbox) private readonly outbox: Outbox) {}

  /** Inventory holds every line of the order: it is confirmed, and shipping may start. */
  async run(manager: EntityManager, event: ReceivedEvent<'waybill.stock.reserved.v1'>): Promise<'stale' | undefined> {
    const { orderId } = event.data;
    return outcomeOf(await takeStep(manager, this.outbox, { orderId, input: 'stock.reserved', cause: event }));
  }
}
