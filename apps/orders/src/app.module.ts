import { Module } from '@nestjs/common';
import { WaybillModule } from '@waybill/service-defaults';
import { OrdersController } from './http/orders.controller.js';
import { OrderSubscriptions } from './messaging/subscriptions.js';
import { IdempotencyKeyEntity } from './persistence/idempotency-key.entity.js';
import { IdempotencyKeyCleaner } from './persistence/idempotency-key-cleaner.js';
import { migrations } from './persistence/migrations.js';
import { OrderEntity, OrderLineEntity } from './persistence/order.entity.js';
import { CLOCK, systemClock } from './timer/clock.js';
import { DeadlineTimer } from './timer/deadline-timer.js';
import { CancelOrder } from './use-cases/cancel-order.js';
import { CancelUnshippedOrder } from './use-cases/cancel-unshipped-order.js';
import { ConfirmOrder } from './use-cases/confirm-order.js';
import { ExpireOrders } from './use-cases/expire-orders.js';
import { PlaceOrder } from './use-cases/place-order.js';
import { RejectOrder } from './use-cases/reject-order.js';
import { ShipOrder } from './use-cases/ship-order.js';

@Module({
  imports: [
    WaybillModule.forService({
      name: 'orders',
      entities: [OrderEntity, OrderLineEntity, IdempotencyKeyEntity],
      migrations,
      subscriptions: OrderSubscriptions,
      workers: [IdempotencyKeyCleaner, DeadlineTimer],
    }),
  ],
  controllers: [OrdersController],
  providers: [
    OrderSubscriptions,
    IdempotencyKeyCleaner,
    DeadlineTimer,
    { provide: CLOCK, useValue: systemClock },
    PlaceOrder,
    ConfirmOrder,
    RejectOrder,
    ShipOrder,
    CancelOrder,
    CancelUnshippedOrder,
    ExpireOrders,
  ],
})
export class AppModule {}
