import { Controller, Get, Inject, Param } from '@nestjs/common';
import { ApiNotFoundResponse, ApiOkResponse, ApiOperation, ApiTags } from '@nestjs/swagger';
import { ProblemError } from '@waybill/service-defaults';
import { DataSource } from 'typeorm';
import { ShipmentEntity } from '../persistence/shipment.entity.js';
import { type ShipmentDto, shipmentDto, toShipmentDto, uuid } from './shipments.dto.js';

@ApiTags('shipments')
@Controller('shipments')
export class ShipmentsController {
  constructor(@Inject(DataSource) private readonly database: DataSource) {}

  @Get(':orderId')
  @ApiOperation({ summary: 'The shipment of an order' })
  @ApiOkResponse({ standardSchema: shipmentDto })
  @ApiNotFoundResponse({ description: 'No shipment was requested for this order.' })
  async get(@Param('orderId', { schema: uuid }) orderId: string): Promise<ShipmentDto> {
    const shipment = await this.database.manager.findOneBy(ShipmentEntity, { orderId });
    if (shipment === null) {
      throw new ProblemError({
        code: 'shipment-not-found',
        status: 404,
        title: 'There is no such shipment',
        detail: `No shipment was requested for the order ${orderId}.`,
      });
    }
    return toShipmentDto(shipment);
  }
}
