import { Inject, Injectable } from '@nestjs/common';
import type { ReceivedEvent } from '@waybill/contracts';
import { Outbox } from '@waybill/outbox';
import type { EntityManager } from 'typeorm';
import { decide, type Reservation } from '../domain/reservation.js';
import { demandOf } from '../domain/stock.js';
import { lockReservation, updateReservation } from '../persistence/reservations.js';
import { moveStock } from '../persistence/stock.js';
import { stockShipped } from './reservation-events.js';

@Injectable()
export class ShipStock {
  constructor(@Inject(Outbox) private readonly outbox: Outbox) {}

  /** The parcel has left: what was reserved for it is neither reserved nor on hand any more. */
  async run(
    manager: EntityManager,
    event: ReceivedEvent<'waybill.shipment.dispatched.v2'>,
  ): Promise<'stale' | undefined> {
    const held = await lockReservation(manager, event.data.orderId);
    const step = decide(held?.status ?? 'NONE', 'shipment.dispatched');
    if (step.kind !== 'ship' || held === undefined) {
      return step.kind === 'stale' ? 'stale' : undefined;
    }

    const shipped: Reservation = { ...held, status: 'SHIPPED', version: held.version + 1 };
    await moveStock(manager, demandOf(held.lines), { onHand: -1, reserved: -1 });
    await updateReservation(manager, shipped);
    await this.outbox.append(manager, stockShipped(shipped, event));
    return undefined;
  }
}
