import { Inject, Injectable } from '@nestjs/common';
import type { Subscriptions, SubscriptionTable } from '@waybill/service-defaults';
import { CarrierWorker } from '../carrier/carrier-worker.js';
import { CancelShipment } from '../use-cases/cancel-shipment.js';
import { RequestShipment } from '../use-cases/request-shipment.js';

/** What shipping does about the events of others; a type that does not stand here needs nothing to be done. */
@Injectable()
export class ShippingSubscriptions implements Subscriptions {
  constructor(
    @Inject(RequestShipment) private readonly requestShipment: RequestShipment,
    @Inject(CancelShipment) private readonly cancelShipment: CancelShipment,
    @Inject(CarrierWorker) private readonly worker: CarrierWorker,
  ) {}

  readonly table: SubscriptionTable = {
    'waybill.order.confirmed.v1': (manager, event) => this.requestShipment.run(manager, event),
    'waybill.order.cancellation-requested.v1': (manager, event) => this.cancelShipment.run(manager, event),
  };

  committed(): void {
    this.worker.wake();
  }
}
