import { Inject, Injectable } from '@nestjs/common';
import type { ReceivedEvent } from '@waybill/contracts';
import { Outbox } from '@waybill/outbox';
import { currentTrace } from '@waybill/tracing';
import type { EntityManager } from 'typeorm';
import { uuidv7 } from 'uuidv7';
import { decide, type Shipment } from '../domain/shipment.js';
import { insertShipment, lockShipmentOfOrder, markCancelling } from '../persistence/shipments.js';
import { announcement } from './shipment-events.js';

@Injectable()
export class CancelShipment {
  constructor(@Inject(Outbox) private readonly outbox: Outbox) {}

  /**
   * The order asks to call the parcel back. Whether that is still possible only the carrier knows: the worker asks it
   * and answers. Where nothing was requested, a tombstone stays and the order is answered at once.
   */
  async run(
    manager: EntityManager,
    event: ReceivedEvent<'waybill.order.cancellation-requested.v1'>,
  ): Promise<'stale' | undefined> {
    const { orderId, reason } = event.data;
    const cause = { correlationId: event.correlationId, causationId: event.id };
    const shipment = await lockShipmentOfOrder(manager, orderId);
    const step = decide(shipment?.status ?? 'NONE', 'order.cancellation-requested');

    if (step.kind === 'want-cancel' && shipment !== undefined) {
      await markCancelling(manager, shipment, reason, { ...cause, trace: currentTrace() });
      return undefined;
    }
    if (step.kind === 'become') {
      const tombstone: Shipment = {
        id: uuidv7(),
        orderId,
        status: step.status,
        version: 1,
        lines: [],
        shipTo: null,
        labelId: null,
        trackingCode: null,
        reason,
      };
      await insertShipment(manager, tombstone, { ...cause, trace: currentTrace() });
      await this.outbox.append(manager, announcement(tombstone, step.announce, cause));
      return undefined;
    }
    return step.kind === 'stale' ? 'stale' : undefined;
  }
}
