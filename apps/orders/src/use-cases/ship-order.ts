import { Inject, Injectable } from '@nestjs/common';
import type { ReceivedEvent } from '@waybill/contracts';
import { Outbox } from '@waybill/outbox';
import type { EntityManager } from 'typeorm';
import { outcomeOf, takeStep } from './order-step.js';

@Injectable()
export class ShipOrder {
  constructor(@Inject(Outbox) private readonly outbox: Outbox) {}

  /** The parcel is on its way. That wins over a cancellation that was only asked for. */
  async run(
    manager: EntityManager,
    event: ReceivedEvent<'waybill.shipment.dispatched.v2'>,
  ): Promise<'stale' | undefined> {
    const { orderId, shipmentId, label } = event.data;
    return outcomeOf(
      await takeStep(manager, this.outbox, {
        orderId,
        input: 'shipment.dispatched',
        facts: { shipmentId, trackingCode: label.trackingCode },
        cause: event,
      }),
    );
  }
}
