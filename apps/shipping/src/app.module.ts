import { Module } from '@nestjs/common';
import { WaybillModule } from '@waybill/service-defaults';
import { CarrierClient } from './carrier/carrier-client.js';
import { CarrierWorker } from './carrier/carrier-worker.js';
import { ShipmentsController } from './http/shipments.controller.js';
import { ShippingSubscriptions } from './messaging/subscriptions.js';
import { migrations } from './persistence/migrations.js';
import { ShipmentEntity } from './persistence/shipment.entity.js';
import { CancelShipment } from './use-cases/cancel-shipment.js';
import { RecordCarrierAnswer } from './use-cases/record-carrier-answer.js';
import { RequestShipment } from './use-cases/request-shipment.js';

@Module({
  imports: [
    WaybillModule.forService({
      name: 'shipping',
      entities: [ShipmentEntity],
      migrations,
      subscriptions: ShippingSubscriptions,
      workers: [CarrierWorker],
    }),
  ],
  controllers: [ShipmentsController],
  providers: [ShippingSubscriptions, CarrierWorker, CarrierClient, RequestShipment, CancelShipment, RecordCarrierAnswer],
})
export class AppModule {}
