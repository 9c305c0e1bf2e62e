import { Inject, Injectable } from '@nestjs/common';
import type { ReceivedEvent } from '@waybill/contracts';
import { Outbox } from '@waybill/outbox';
import type { EntityManager } from 'typeorm';
import { decide, type Reservation } from '../domain/reservation.js';
import { demandOf, shortageReason, shortagesOf } from '../domain/stock.js';
import { insertReservation, lockReservation } from '../persistence/reservations.js';
import { lockStock, moveStock } from '../persistence/stock.js';
import { stockRejected, stockReserved } from './reservation-events.js';

@Injectable()
export class ReserveStock {
  constructor(@Inject(Outbox) private readonly outbox: Outbox) {}

  /** An order was placed: all its lines are reserved, or none and inventory says what is missing. */
  async run(manager: EntityManager, event: ReceivedEvent<'waybill.order.placed.v1'>): Promise<'stale' | undefined> {
    const { orderId, lines } = event.data;
    const earlier = await lockReservation(manager, orderId);
    const step = decide(earlier?.status ?? 'NONE', 'order.placed');
    if (step.kind !== 'reserve') {
      return step.kind === 'stale' ? 'stale' : undefined;
    }

    const demand = demandOf(lines);
    const stock = await lockStock(
      manager,
      demand.map(({ sku }) => sku),
    );
    const shortages = shortagesOf(demand, stock);

    if (shortages.length > 0) {
      const rejected: Reservation = { orderId, status: 'REJECTED', version: 1, lines };
      await insertReservation(manager, rejected);
      const reason = shortageReason(shortages, stock);
      await this.outbox.append(manager, stockRejected(rejected, { reason, shortages }, event));
      return undefined;
    }

    const reserved: Reservation = { orderId, status: 'RESERVED', version: 1, lines };
    await moveStock(manager, demand, { onHand: 0, reserved: 1 });
    await insertReservation(manager, reserved);
    await this.outbox.append(manager, stockReserved(reserved, event));
    return undefined;
  }
}
