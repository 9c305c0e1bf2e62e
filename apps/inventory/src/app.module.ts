import { Module } from '@nestjs/common';
import { WaybillModule } from '@waybill/service-defaults';
import { StockController } from './http/stock.controller.js';
import { InventorySubscriptions } from './messaging/subscriptions.js';
import { migrations } from './persistence/migrations.js';
import { ReservationEntity } from './persistence/reservation.entity.js';
import { StockEntity } from './persistence/stock.entity.js';
import { ReleaseStock } from './use-cases/release-stock.js';
import { ReserveStock } from './use-cases/reserve-stock.js';
import { SetStock } from './use-cases/set-stock.js';
import { ShipStock } from './use-cases/ship-stock.js';

@Module({
  imports: [
    WaybillModule.forService({
      name: 'inventory',
      entities: [StockEntity, ReservationEntity],
      migrations,
      subscriptions: InventorySubscriptions,
    }),
  ],
  controllers: [StockController],
  providers: [InventorySubscriptions, ReserveStock, ReleaseStock, ShipStock, SetStock],
})
export class AppModule {}
