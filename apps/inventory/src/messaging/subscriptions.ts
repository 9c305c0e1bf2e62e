import { Inject, Injectable } from '@nestjs/common';
import type { ReceivedEvent } from '@waybill/contracts';
import type { Subscriptions, SubscriptionTable } from '@waybill/service-defaults';
import type { EntityManager } from 'typeorm';
import { lockStockOfOrders } from '../persistence/stock.js';
import { ReleaseStock } from '../use-cases/release-stock.js';
import { ReserveStock } from '../use-cases/reserve-stock.js';
import { ShipStock } from '../use-cases/ship-stock.js';

/** What inventory does about the events of others; a type that does not stand here needs nothing to be done. */
@Injectable()
export class InventorySubscriptions implements Subscriptions {
  constructor(
    @Inject(ReserveStock) private readonly reserveStock: ReserveStock,
    @Inject(ReleaseStock) private readonly releaseStock: ReleaseStock,
    @Inject(ShipStock) private readonly shipStock: ShipStock,
  ) {}

  readonly table: SubscriptionTable = {
    'waybill.order.placed.v1': (manager, event) => this.reserveStock.run(manager, event),
    'waybill.order.cancelled.v1': (manager, event) => this.releaseStock.run(manager, event),
    'waybill.shipment.dispatched.v1': (manager, event) => this.shipStock.run(manager, event),
  };

  /** Many orders want the same SKUs: all that these events can touch, before the first of them does. */
  async lockShared(manager: EntityManager, events: readonly ReceivedEvent[]): Promise<void> {
    const skus = events.flatMap(({ data }) => ('lines' in data ? data.lines.map(({ sku }) => sku) : []));
    await lockStockOfOrders(manager, { skus, orderIds: events.map(({ data }) => data.orderId) });
  }
}
