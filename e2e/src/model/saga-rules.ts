/*
 * What the model asks the three services' rules. The names are those of the domains; the compiler compares them where the
 * real functions are handed in, so a state or a step that is added there is missed here.
 */

export type OrderStatus = 'PLACED' | 'CONFIRMED' | 'SHIPPED' | 'REJECTED' | 'CANCELLING' | 'CANCELLED';
export type ReservationState = 'NONE' | 'RESERVED' | 'REJECTED' | 'RELEASED' | 'SHIPPED';
export type ShipmentState = 'NONE' | 'REQUESTED' | 'CANCELLING' | 'DISPATCHED' | 'FAILED' | 'CANCELLED';

export type OrderEvent =
  | 'order.placed'
  | 'order.confirmed'
  | 'order.rejected'
  | 'order.cancellation-requested'
  | 'order.cancelled'
  | 'order.shipped';
export type StockEvent = 'stock.reserved' | 'stock.rejected' | 'stock.released' | 'stock.shipped';
export type ShipmentEvent = 'shipment.requested' | 'shipment.dispatched' | 'shipment.failed' | 'shipment.cancelled';
export type SagaEvent = OrderEvent | StockEvent | ShipmentEvent;

export type OrderInput = StockEvent | ShipmentEvent | 'cancel' | 'deadline';
export type ReservationInput = 'order.placed' | 'order.cancelled' | 'shipment.dispatched';
/** What the carrier definitely answers. */
export type CarrierAnswer = 'label.granted' | 'label.refused' | 'label.deleted' | 'deletion.refused';
export type ShipmentInput = 'order.confirmed' | 'order.cancellation-requested' | CarrierAnswer;

export type OrderStep =
  | { readonly kind: 'become'; readonly status: OrderStatus; readonly announce: OrderEvent }
  | { readonly kind: 'ignore' | 'stale' | 'refuse' };
export interface ReservationStep {
  readonly kind: 'reserve' | 'release' | 'tombstone' | 'ship' | 'ignore' | 'stale';
}
export type ShipmentStep =
  | { readonly kind: 'become'; readonly status: Exclude<ShipmentState, 'NONE'>; readonly announce: ShipmentEvent }
  | { readonly kind: 'want-cancel' | 'delete-label' | 'ignore' | 'stale' };

export interface SagaRules {
  readonly order: (status: OrderStatus, input: OrderInput) => OrderStep;
  readonly reservation: (state: ReservationState, input: ReservationInput) => ReservationStep;
  readonly shipment: (state: ShipmentState, input: ShipmentInput) => ShipmentStep;
  /** Whether so many pieces can be promised. */
  readonly suffices: (quantity: number, stock: { readonly onHand: number; readonly reserved: number }) => boolean;
}
