import { Inject, Injectable } from '@nestjs/common';
import type { ReceivedEvent } from '@waybill/contracts';
import { Outbox } from '@waybill/outbox';
import type { EntityManager } from 'typeorm';
import { outcomeOf, takeStep } from './order-step.js';

@Injectable()
export class CancelUnshippedOrder {
  constructor(@Inject(Outbox) private readonly outbox: Outbox) {}

  /**
   * There will be no parcel: the carrier refused it, or it was called back in time. The order is cancelled, and inventory
   * releases the stock when it hears so (the compensation).
   */
  async run(
    manager: EntityManager,
    event: ReceivedEvent<'waybill.shipment.failed.v1' | 'waybill.shipment.cancelled.v1'>,
  ): Promise<'stale' | undefined> {
    const { orderId, reason } = event.data;
    const input = event.type === 'waybill.shipment.failed.v1' ? 'shipment.failed' : 'shipment.cancelled';
    return outcomeOf(await takeStep(manager, this.outbox, { orderId, input, facts: { reason }, cause: event }));
  }
}
