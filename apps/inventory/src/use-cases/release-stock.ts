import { Inject, Injectable } from '@nestjs/common';
import type { ReceivedEvent } from '@waybill/contracts';
import { Outbox } from '@waybill/outbox';
import type { EntityManager } from 'typeorm';
import { decide, type Reservation } from '../domain/reservation.js';
import { demandOf } from '../domain/stock.js';
import { insertReservation, lockReservation, updateReservation } from '../persistence/reservations.js';
import { moveStock } from '../persistence/stock.js';
import { stockReleased } from './reservation-events.js';

@Injectable()
export class ReleaseStock {
  constructor(@Inject(Outbox) private readonly outbox: Outbox) {}

  /**
   * An order was cancelled: what was held for it is free again. Where nothing was held, a tombstone stays, so that an
   * order.placed which arrives only now (retried by an operator, say) reserves nothing that nobody would release.
   */
  async run(manager: EntityManager, event: ReceivedEvent<'waybill.order.cancelled.v1'>): Promise<'stale' | undefined> {
    const { orderId, lines } = event.data;
    const held = await lockReservation(manager, orderId);
    const step = decide(held?.status ?? 'NONE', 'order.cancelled');

    if (step.kind === 'tombstone') {
      await insertReservation(manager, { orderId, status: 'RELEASED', version: 0, lines });
      return undefined;
    }
    if (step.kind !== 'release' || held === undefined) {
      return step.kind === 'stale' ? 'stale' : undefined;
    }

    const released: Reservation = { ...held, status: 'RELEASED', version: held.version + 1 };
    await moveStock(manager, demandOf(held.lines), { onHand: 0, reserved: -1 });
    await updateReservation(manager, released);
    await this.outbox.append(manager, stockReleased(released, event));
    return undefined;
  }
}
