import { Injectable } from '@nestjs/common';
import type { EntityManager } from 'typeorm';
import type { Stock } from '../domain/stock.js';
import { StockEntity } from '../persistence/stock.entity.js';
import { setOnHand } from '../persistence/stock.js';

export type SetStockResult =
  | { readonly kind: 'set'; readonly stock: Stock }
  | { readonly kind: 'below-reserved'; readonly reserved: number };

@Injectable()
export class SetStock {
  /** Somebody counted: so much is in the house. Less than what orders were promised is refused. */
  async run(manager: EntityManager, sku: string, onHand: number): Promise<SetStockResult> {
    const stock = await setOnHand(manager, sku, onHand);
    if (stock !== undefined) {
      return { kind: 'set', stock };
    }
    const { reserved } = await manager.findOneByOrFail(StockEntity, { sku });
    return { kind: 'below-reserved', reserved };
  }
}
