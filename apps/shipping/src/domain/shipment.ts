import type { OrderLine, ShipTo } from '@waybill/contracts';

export const shipmentStatuses = ['REQUESTED', 'CANCELLING', 'DISPATCHED', 'FAILED', 'CANCELLED'] as const;
export type ShipmentStatus = (typeof shipmentStatuses)[number];

export interface Shipment {
  /** Also the carrier's idempotency key: however often the label is asked for, it is one label. */
  readonly id: string;
  readonly orderId: string;
  readonly status: ShipmentStatus;
  /** One more with each event that the shipment announces. */
  readonly version: number;
  readonly lines: readonly OrderLine[];
  /** Null where the shipment was cancelled before anybody said what to ship. */
  readonly shipTo: ShipTo | null;
  readonly labelId: string | null;
  readonly trackingCode: string | null;
  /** Why it failed or was cancelled, or is about to be. */
  readonly reason: string | null;
}

/** NONE: nothing was asked for (yet). */
export const shipmentStates = ['NONE', ...shipmentStatuses] as const;
export type ShipmentState = (typeof shipmentStates)[number];

/** What the order asks for, and what the carrier definitely answers. "Unknown" is no answer: the carrier is asked again. */
export const shipmentInputs = [
  'order.confirmed',
  'order.cancellation-requested',
  'label.granted',
  'label.refused',
  'label.deleted',
  'deletion.refused',
] as const;
export type ShipmentInput = (typeof shipmentInputs)[number];

export type ShipmentAnnouncement =
  | 'shipment.requested'
  | 'shipment.dispatched'
  | 'shipment.failed'
  | 'shipment.cancelled';

export type ShipmentStep =
  | { readonly kind: 'become'; readonly status: ShipmentStatus; readonly announce: ShipmentAnnouncement }
  /** From now on a label is to be deleted. Nothing is announced before the carrier has answered. */
  | { readonly kind: 'want-cancel' }
  /** There is a label that is not wanted any more: ask the carrier to delete it. */
  | { readonly kind: 'delete-label' }
  /** Nothing to do, and that is right: it counts as done. */
  | { readonly kind: 'ignore' }
  /** Too late, or out of another history: it changes nothing and is kept as such. */
  | { readonly kind: 'stale' };

const become = (status: ShipmentStatus, announce: ShipmentAnnouncement): ShipmentStep => ({
  kind: 'become',
  status,
  announce,
});
const request = become('REQUESTED', 'shipment.requested');
const dispatch = become('DISPATCHED', 'shipment.dispatched');
const fail = become('FAILED', 'shipment.failed');
const cancel = become('CANCELLED', 'shipment.cancelled');
const wantCancel: ShipmentStep = { kind: 'want-cancel' };
const deleteLabel: ShipmentStep = { kind: 'delete-label' };
const ignore: ShipmentStep = { kind: 'ignore' };
const stale: ShipmentStep = { kind: 'stale' };

/**
 * The shipment's life, for every pair of what comes and what is. The types keep it total.
 *
 * A cancellation without a shipment leaves a tombstone (CANCELLED), so that an order.confirmed which comes later requests
 * nothing. A label that was refused is as good as deleted; one that the carrier will not delete is on its way.
 */
const table: Readonly<Record<ShipmentInput, Readonly<Record<ShipmentState, ShipmentStep>>>> = {
  'order.confirmed': {
    NONE: request,
    REQUESTED: stale,
    CANCELLING: stale,
    DISPATCHED: stale,
    FAILED: stale,
    CANCELLED: stale,
  },
  'order.cancellation-requested': {
    NONE: cancel,
    REQUESTED: wantCancel,
    CANCELLING: ignore,
    DISPATCHED: ignore,
    FAILED: ignore,
    CANCELLED: ignore,
  },
  'label.granted': {
    NONE: stale,
    REQUESTED: dispatch,
    CANCELLING: deleteLabel,
    DISPATCHED: stale,
    FAILED: stale,
    CANCELLED: stale,
  },
  'label.refused': {
    NONE: stale,
    REQUESTED: fail,
    CANCELLING: cancel,
    DISPATCHED: stale,
    FAILED: stale,
    CANCELLED: stale,
  },
  'label.deleted': {
    NONE: stale,
    REQUESTED: stale,
    CANCELLING: cancel,
    DISPATCHED: stale,
    FAILED: stale,
    CANCELLED: stale,
  },
  'deletion.refused': {
    NONE: stale,
    REQUESTED: stale,
    CANCELLING: dispatch,
    DISPATCHED: stale,
    FAILED: stale,
    CANCELLED: stale,
  },
};

export function decide(state: ShipmentState, input: ShipmentInput): ShipmentStep {
  return table[input][state];
}

/** What a step brings along besides the new state. */
export interface ShipmentFacts {
  readonly labelId?: string;
  readonly trackingCode?: string;
  readonly reason?: string;
}

/**
 * The shipment after the step: one version further. The reason given first stays, because a later one only carries it
 * out; a shipment that was dispatched after all has none.
 */
export function advance(
  shipment: Shipment,
  step: Extract<ShipmentStep, { kind: 'become' }>,
  facts: ShipmentFacts,
): Shipment {
  const dispatched = step.status === 'DISPATCHED';
  return {
    ...shipment,
    status: step.status,
    version: shipment.version + 1,
    labelId: dispatched ? (facts.labelId ?? shipment.labelId) : null,
    trackingCode: dispatched ? (facts.trackingCode ?? shipment.trackingCode) : null,
    reason: dispatched ? null : (shipment.reason ?? facts.reason ?? null),
  };
}
