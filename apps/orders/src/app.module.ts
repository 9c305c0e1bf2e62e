import { Module } from '@nestjs/common';
import { WaybillModule } from '@waybill/service-defaults';
import { OrdersController } from './http/orders.controller.js';
import { OrderSubscriptions } from './messaging/subscriptions.js';
import { IdempotencyKeyEntity } from './persistence/idempotency-key.entity.js';
import { IdempotencyKeyCleaner } from './persistence/idempotency-key-cleaner.js';
import { OrderEntity, OrderLineEntity } from './persistence/order.entity.js';
import { CancelOrder } from './use-cases/cancel-order.js';
import { CancelUnshippedOrder } from './use-cases/cancel-unshipped-order.js';
import { ConfirmOrder } from './use-cases/confirm-order.js';
import { PlaceOrder } from './use-cases/place-order.js';
import { RejectOrder } from './use-cases/reject-order.js';
import { ShipOrder } from './use-cases/ship-order.js';

@Module({
  imports: [
    WaybillModule.forService({
      name: 'orders',
      entities: [OrderEntity, OrderLineEntity, IdempotencyKeyEntity],
      subscriptions: OrderSubscriptions,
      workers: [IdempotencyKeyCleaner],
    }),
  ],
  controllers: [OrdersController],
  providers: [
    OrderSubscriptions,
    IdempotencyKeyCleaner,
    PlaceOrder,
    ConfirmOrder,
    RejectOrder,
    ShipOrder,
    CancelOrder,
    CancelUnshippedOrder,
  ],
})
export class AppModule {}
