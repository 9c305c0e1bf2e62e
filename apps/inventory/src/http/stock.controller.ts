import { Body, Controller, Get, Inject, Param, Put, Query } from '@nestjs/common';
import { ApiConflictResponse, ApiNotFoundResponse, ApiOkResponse, ApiOperation, ApiTags } from '@nestjs/swagger';
import { sku as skuSchema } from '@waybill/contracts';
import { transaction } from '@waybill/database';
import { DataSource } from 'typeorm';
import { findStock, listStock } from '../persistence/stock.js';
import { SetStock } from '../use-cases/set-stock.js';
import {
  type StockCount,
  stockCount,
  type StockDto,
  stockDto,
  type StockPage,
  stockPage,
  type StockQuery,
  stockQuery,
  toStockDto,
} from './stock.dto.js';
import { skuNotFound, stockBelowReserved } from './stock.problems.js';

@ApiTags('stock')
@Controller('stock')
export class StockController {
  constructor(
    @Inject(DataSource) private readonly database: DataSource,
    @Inject(SetStock) private readonly setStock: SetStock,
  ) {}

  @Get()
  @ApiOperation({ summary: 'Stock by SKU, page by page' })
  @ApiOkResponse({ standardSchema: stockPage })
  async list(@Query({ schema: stockQuery }) query: StockQuery): Promise<StockPage> {
    const { stock, more } = await listStock(this.database.manager, query);
    return { items: stock.map(toStockDto), nextCursor: more ? (stock.at(-1)?.sku ?? null) : null };
  }

  @Get(':sku')
  @ApiOperation({ summary: 'Stock of one SKU' })
  @ApiOkResponse({ standardSchema: stockDto })
  @ApiNotFoundResponse({ description: 'There is no such SKU.' })
  async get(@Param('sku', { schema: skuSchema }) sku: string): Promise<StockDto> {
    const stock = await findStock(this.database.manager, sku);
    if (stock === undefined) {
      throw skuNotFound(sku);
    }
    return toStockDto(stock);
  }

  @Put(':sku')
  @ApiOperation({ summary: 'Sets what is on hand', description: 'A SKU that is new here is known from then on.' })
  @ApiOkResponse({ standardSchema: stockDto })
  @ApiConflictResponse({ description: 'More than that is reserved for orders.' })
  async put(
    @Param('sku', { schema: skuSchema }) sku: string,
    @Body({ schema: stockCount }) { onHand }: StockCount,
  ): Promise<StockDto> {
    const result = await transaction(this.database, (manager) => this.setStock.run(manager, sku, onHand));
    if (result.kind === 'below-reserved') {
      throw stockBelowReserved(sku, onHand, result.reserved);
    }
    return toStockDto(result.stock);
  }
}
