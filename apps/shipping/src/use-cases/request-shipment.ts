import { Inject, Injectable } from '@nestjs/common';
import type { ReceivedEvent } from '@waybill/contracts';
import { Outbox } from '@waybill/outbox';
import { currentTrace } from '@waybill/tracing';
import type { EntityManager } from 'typeorm';
import { uuidv7 } from 'uuidv7';
import { decide, type Shipment } from '../domain/shipment.js';
import { insertShipment, lockShipmentOfOrder } from '../persistence/shipments.js';
import { announcement } from './shipment-events.js';

@Injectable()
export class RequestShipment {
  constructor(@Inject(Outbox) private readonly outbox: Outbox) {}

  /**
   * An order was confirmed: its shipment is stored, and the carrier asked later, by a worker. A call to the outside has
   * no place in a transaction: it may take seconds, and it cannot be rolled back.
   */
  async run(manager: EntityManager, event: ReceivedEvent<'waybill.order.confirmed.v1'>): Promise<'stale' | undefined> {
    const { orderId, lines, shipTo } = event.data;
    const earlier = await lockShipmentOfOrder(manager, orderId);
    const step = decide(earlier?.status ?? 'NONE', 'order.confirmed');
    if (step.kind !== 'become') {
      return step.kind === 'stale' ? 'stale' : undefined;
    }

    const shipment: Shipment = {
      id: uuidv7(),
      orderId,
      status: step.status,
      version: 1,
      lines,
      shipTo,
      labelId: null,
      trackingCode: null,
      reason: null,
    };
    const cause = { correlationId: event.correlationId, causationId: event.id };
    await insertShipment(manager, shipment, { ...cause, trace: currentTrace() });
    await this.outbox.append(manager, announcement(shipment, step.announce, cause));
    return undefined;
  }
}
