import { Inject, Injectable } from '@nestjs/common';
import type { Subscriptions, SubscriptionTable } from '@waybill/service-defaults';
import { CancelUnshippedOrder } from '../use-cases/cancel-unshipped-order.js';
import { ConfirmOrder } from '../use-cases/confirm-order.js';
import { RejectOrder } from '../use-cases/reject-order.js';
import { ShipOrder } from '../use-cases/ship-order.js';

/** What orders does about the events of others; a type that does not stand here needs nothing to be done. */
@Injectable()
export class OrderSubscriptions implements Subscriptions {
  constructor(
    @Inject(ConfirmOrder) private readonly confirmOrder: ConfirmOrder,
    @Inject(RejectOrder) private readonly rejectOrder: RejectOrder,
    @Inject(ShipOrder) private readonly shipOrder: ShipOrder,
    @Inject(CancelUnshippedOrder) private readonly cancelUnshipped: CancelUnshippedOrder,
  ) {}

  readonly table: SubscriptionTable = {
    'waybill.stock.reserved.v1': (manager, event) => this.confirmOrder.run(manager, event),
    'waybill.stock.rejected.v1': (manager, event) => this.rejectOrder.run(manager, event),
    'waybill.shipment.dispatched.v1': (manager, event) => this.shipOrder.run(manager, event),
    'waybill.shipment.failed.v1': (manager, event) => this.cancelUnshipped.run(manager, event),
    'waybill.shipment.cancelled.v1': (manager, event) => this.cancelUnshipped.run(manager, event),
  };
}
