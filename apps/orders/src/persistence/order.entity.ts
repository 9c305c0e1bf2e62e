import type { ShipTo } from '@waybill/contracts';
import { Column, Entity, PrimaryColumn } from 'typeorm';
import type { Order, OrderStatus } from '../domain/order.js';

/**
 * One order, for reading. Writing is plain SQL in `orders.ts`: few statements, and none that a save would add.
 *
 * No relation to its lines: TypeORM takes half a second to join an order with 1,000 lines, two queries take 10 ms.
 */
@Entity('orders')
export class OrderEntity implements Omit<Order, 'lines'> {
  /** UUIDv7: ids are in the order of their making, so a page is a range of the primary key. */
  @PrimaryColumn('uuid') id!: string;
  @Column('text', { name: 'customer_ref' }) customerId!: string;
  @Column('text') status!: OrderStatus;
  @Column('integer') version!: number;
  @Column('json', { name: 'ship_to' }) shipTo!: ShipTo;
  @Column('text', { nullable: true }) reason!: string | null;
  @Column('uuid', { name: 'shipment_id', nullable: true }) shipmentId!: string | null;
  @Column('text', { name: 'tracking_code', nullable: true }) trackingCode!: string | null;
  @Column('timestamptz', { name: 'deadline_at' }) deadlineAt!: Date;
  @Column('timestamptz', { name: 'created_at' }) createdAt!: Date;
  @Column('timestamptz', { name: 'updated_at' }) updatedAt!: Date;
}

@Entity('order_lines')
export class OrderLineEntity {
  @PrimaryColumn('uuid', { name: 'order_id' }) orderId!: string;
  @PrimaryColumn('integer', { name: 'line_no' }) lineNo!: number;
  @Column('text') sku!: string;
  @Column('integer') quantity!: number;
}
