import { Inject, Injectable } from '@nestjs/common';
import { Inbox } from '@waybill/inbox';
import type { Subscriptions, SubscriptionTable } from '@waybill/service-defaults';
import { ReleaseStock } from '../use-cases/release-stock.js';
import { ReserveStock } from '../use-cases/reserve-stock.js';
import { ShipStock } from '../use-cases/ship-stock.js';

/** What inventory does about the events of others; a type that does not stand here needs nothing to be done. */
@Injectable()
export class InventorySubscriptions implements Subscriptions {
  constructor(
    @Inject(Inbox) private readonly inbox: Inbox,
    @Inject(ReserveStock) private readonly reserveStock: ReserveStock,
    @Inject(ReleaseStock) private readonly releaseStock: ReleaseStock,
    @Inject(ShipStock) private readonly shipStock: ShipStock,
  ) {}

  readonly table: SubscriptionTable = {
    'waybill.order.placed.v1': (event) => this.inbox.once(event, (manager) => this.reserveStock.run(manager, event)),
    'waybill.order.cancelled.v1': (event) => this.inbox.once(event, (manager) => this.releaseStock.run(manager, event)),
    'waybill.shipment.dispatched.v2': (event) => this.inbox.once(event, (manager) => this.shipStock.run(manager, event)),
  };
}
