import type { OrderLine, ShipTo } from '@waybill/contracts';
import { Column, Entity, PrimaryColumn } from 'typeorm';
import type { Shipment, ShipmentStatus } from '../domain/shipment.js';

/** One shipment, for reading. Writing is plain SQL in `shipments.ts` and `carrier-leases.ts`. */
@Entity('shipments')
export class ShipmentEntity implements Shipment {
  @PrimaryColumn('uuid') id!: string;
  @Column('uuid', { name: 'order_id', unique: true }) orderId!: string;
  @Column('text') status!: ShipmentStatus;
  @Column('integer') version!: number;
  @Column('json') lines!: OrderLine[];
  @Column('json', { name: 'ship_to', nullable: true }) shipTo!: ShipTo | null;
  @Column('text', { name: 'label_id', nullable: true }) labelId!: string | null;
  @Column('text', { name: 'tracking_code', nullable: true }) trackingCode!: string | null;
  @Column('text', { nullable: true }) reason!: string | null;

  /** How often the carrier was asked. */
  @Column('integer') attempts!: number;
  @Column('timestamptz', { name: 'next_attempt_at' }) nextAttemptAt!: Date;
  /** Why the last attempt brought no answer. */
  @Column('text', { name: 'last_problem', nullable: true }) lastProblem!: string | null;
  /** The worker that asks the carrier now; its answer counts only while its token stands here. */
  @Column('uuid', { name: 'lease_token', nullable: true }) leaseToken!: string | null;
  @Column('timestamptz', { name: 'lease_until', nullable: true }) leaseUntil!: Date | null;

  /** Of the event that asked last: the carrier's answer, which comes later, belongs to its story and to its trace. */
  @Column('text', { name: 'correlation_id' }) correlationId!: string;
  @Column('text', { name: 'causation_id' }) causationId!: string;
  @Column('text', { nullable: true }) traceparent!: string | null;
  @Column('text', { nullable: true }) tracestate!: string | null;

  @Column('timestamptz', { name: 'created_at' }) createdAt!: Date;
  @Column('timestamptz', { name: 'updated_at' }) updatedAt!: Date;
}
