import type { OrderLine } from '@waybill/contracts';
import { Column, Entity, PrimaryColumn } from 'typeorm';
import type { Reservation, ReservationStatus } from '../domain/reservation.js';

/** What is held for one order. Writing is plain SQL in `reservations.ts`. */
@Entity('reservations')
export class ReservationEntity implements Reservation {
  @PrimaryColumn('uuid', { name: 'order_id' }) orderId!: string;
  @Column('text') status!: ReservationStatus;
  @Column('integer') version!: number;
  /** The order's lines as they came, and never searched for: one value, not rows. */
  @Column('json') lines!: OrderLine[];
  @Column('timestamptz', { name: 'created_at' }) createdAt!: Date;
  @Column('timestamptz', { name: 'updated_at' }) updatedAt!: Date;
}
