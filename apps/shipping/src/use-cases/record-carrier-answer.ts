import { Inject, Injectable } from '@nestjs/common';
import { Outbox } from '@waybill/outbox';
import type { EntityManager } from 'typeorm';
import { advance, decide } from '../domain/shipment.js';
import type { Lease } from '../persistence/carrier-leases.js';
import { lockShipment, settleShipment } from '../persistence/shipments.js';
import { announcement } from './shipment-events.js';

/** What the carrier definitely said. */
export type CarrierAnswer =
  | { readonly kind: 'label.granted'; readonly labelId: string; readonly trackingCode: string }
  | { readonly kind: 'label.refused'; readonly reason: string }
  | { readonly kind: 'label.deleted' }
  | { readonly kind: 'deletion.refused'; readonly labelId: string; readonly trackingCode: string };

/**
 * - `settled`: the answer is stored and announced
 * - `delete-label`: the shipment was called back meanwhile; the lease is still held, and the label has to go
 * - `lost`: the lease is somebody else's by now, or the story is over; this answer changed nothing
 */
export type Recorded = 'settled' | 'delete-label' | 'lost';

@Injectable()
export class RecordCarrierAnswer {
  constructor(@Inject(Outbox) private readonly outbox: Outbox) {}

  /** Stores the carrier's answer and its event, if the worker that brings it still holds the lease. */
  async run(
    manager: EntityManager,
    lease: Pick<Lease, 'shipmentId' | 'token'>,
    answer: CarrierAnswer,
  ): Promise<Recorded> {
    const shipment = await lockShipment(manager, lease.shipmentId);
    if (shipment === undefined || shipment.leaseToken !== lease.token) {
      return 'lost';
    }
    const { kind, ...facts } = answer;
    const step = decide(shipment.status, kind);
    switch (step.kind) {
      case 'delete-label':
        return 'delete-label';
      case 'become': {
        const settled = advance(shipment, step, facts);
        await settleShipment(manager, settled);
        await this.outbox.append(manager, announcement(settled, step.announce, shipment));
        return 'settled';
      }
      case 'want-cancel':
      case 'ignore':
      case 'stale':
        return 'lost';
    }
  }
}
