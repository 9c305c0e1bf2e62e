import { Column, Entity, PrimaryColumn } from 'typeorm';
import type { Stock } from '../domain/stock.js';

/** One SKU, for reading. Writing is plain SQL in `stock.ts`. */
@Entity('stock')
export class StockEntity implements Stock {
  @PrimaryColumn('text') sku!: string;
  @Column('integer', { name: 'on_hand' }) onHand!: number;
  @Column('integer') reserved!: number;
  @Column('timestamptz', { name: 'updated_at' }) updatedAt!: Date;
}
