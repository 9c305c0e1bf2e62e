import { publishers, versionOf } from '@waybill/contracts';
import { describe, expect, it } from 'vitest';
import {
  decide as decideReservation,
  reservationInputs,
  reservationStates,
} from '../../../apps/inventory/src/domain/reservation.js';
import { shortagesOf } from '../../../apps/inventory/src/domain/stock.js';
import { decide as decideOrder, orderInputs, orderStatuses } from '../../../apps/orders/src/domain/order.js';
import { decide as decideShipment, shipmentInputs, shipmentStates } from '../../../apps/shipping/src/domain/shipment.js';
import { allowedEnds, sagaMachine, type SagaState, statesOf, type World } from './saga-model.js';
import type { OrderStep, ReservationStep, SagaRules, ShipmentStep } from './saga-rules.js';
import { type Conviction, type Walk, walk } from './state-walk.js';

/*
 * Every interleaving of the saga, over the rules that the services run. It needs the domains of all three at once, which
 * no service may: apps meet in events. So the specs of this folder, and nothing else, are let into `domain/`.
 */

const rules: SagaRules = {
  order: decideOrder,
  reservation: decideReservation,
  shipment: decideShipment,
  suffices: (quantity, stock) => shortagesOf([{ sku: 'A', quantity }], [{ sku: 'A', ...stock }]).length === 0,
};

const enough: World = { quantities: [2], onHand: 5, workers: 2, topicOrder: 'kept', trouble: 'any' };
const short: World = { ...enough, onHand: 1 };
const overtaking: World = { ...enough, topicOrder: 'lost' };
const discarded: readonly World[] = [
  { ...enough, discarded: { reader: 'inventory', event: 'order.placed' } },
  { ...enough, discarded: { reader: 'orders', event: 'stock.reserved' } },
  { ...enough, discarded: { reader: 'shipping', event: 'order.confirmed' } },
];
/** One worker convicts, too, with a seventh of the states. */
const trial: readonly World[] = [enough, short, overtaking, ...discarded].map((world) => ({ ...world, workers: 1 }));

const TIMEOUT_MS = 120_000;

function explore(world: World, its: SagaRules = rules): Walk<SagaState> {
  return walk(sagaMachine(its, world));
}

/** What the walks find wrong with these rules, if anything. */
function convict(its: SagaRules): Conviction | undefined {
  for (const world of trial) {
    const { verdict } = explore(world, its);
    if (verdict !== undefined) {
      return verdict;
    }
  }
  return undefined;
}

const endsOf = ({ ends }: Walk<SagaState>) =>
  [...new Set(ends.map(({ stories }) => stories.map(statesOf).join(', ')))].sort();

const withStock = [
  'CANCELLED RELEASED CANCELLED',
  'CANCELLED RELEASED FAILED',
  'CANCELLED RELEASED NONE',
  'SHIPPED SHIPPED DISPATCHED',
];
const withoutStock = ['CANCELLED REJECTED NONE', 'REJECTED REJECTED NONE'];

describe('the saga, in every interleaving', () => {
  it.each([
    ['with stock for it', enough, withStock, 10_000],
    ['without stock for it', short, withoutStock, 10],
    ['with events of one topic that overtake one another', overtaking, withStock, 40_000],
  ] satisfies [string, World, string[], number][])(
    'of an order %s ends in a final state, with the stock conserved and each effect once',
    (_name, world, ends, statesMin) => {
      const found = explore(world);
      expect(found.verdict).toBeUndefined();
      expect(endsOf(found)).toEqual(ends);
      // A model that has become blind sees little, and finds nothing wrong with it.
      expect(found.states).toBeGreaterThan(statesMin);
    },
    TIMEOUT_MS,
  );

  it('has an answer to everything that an order is told, and takes it for what it is on the wire', () => {
    const told = [...publishers.inventory.types, ...publishers.shipping.types].map((type) =>
      versionOf(type)?.name.replace('waybill.', ''),
    );
    expect(new Set(orderInputs)).toEqual(new Set([...told, 'cancel', 'deadline']));
  });

  it('ends in these ways and no other', () => {
    expect([...withStock, ...withoutStock].sort()).toEqual([...allowedEnds].sort());
  });

  it('of two orders that want the last pieces gives them to one, and to the other what the first gives back', () => {
    const found = explore({ quantities: [2, 2], onHand: 3, workers: 1, topicOrder: 'kept', trouble: 'none' });
    expect(found.verdict).toBeUndefined();
    const ends = endsOf(found);
    expect(ends).toContain('CANCELLED RELEASED CANCELLED, SHIPPED SHIPPED DISPATCHED');
    expect(ends).toContain('SHIPPED SHIPPED DISPATCHED, REJECTED REJECTED NONE');
    expect(ends).not.toContain('SHIPPED SHIPPED DISPATCHED, SHIPPED SHIPPED DISPATCHED');
  }, TIMEOUT_MS);

  it.each(discarded)('is ended by the deadline where an operator has discarded $discarded', (world) => {
    const found = explore(world);
    expect(found.verdict).toBeUndefined();
    expect(endsOf(found)).not.toContain('SHIPPED SHIPPED DISPATCHED');
  }, TIMEOUT_MS);

  it('is stuck where the answer of shipping was discarded: such an order waits for a person', () => {
    const found = explore({ ...enough, workers: 1, discarded: { reader: 'orders', event: 'shipment.dispatched' } });
    expect(found.verdict?.problem).toContain('CANCELLING SHIPPED DISPATCHED');
  }, TIMEOUT_MS);
});

const step = {
  confirm: { kind: 'become', status: 'CONFIRMED', announce: 'order.confirmed' },
  cancel: { kind: 'become', status: 'CANCELLED', announce: 'order.cancelled' },
  ship: { kind: 'become', status: 'SHIPPED', announce: 'order.shipped' },
  ask: { kind: 'become', status: 'CANCELLING', announce: 'order.cancellation-requested' },
} as const satisfies Record<string, OrderStep>;
const shipmentStep = {
  request: { kind: 'become', status: 'REQUESTED', announce: 'shipment.requested' },
  dispatch: { kind: 'become', status: 'DISPATCHED', announce: 'shipment.dispatched' },
  fail: { kind: 'become', status: 'FAILED', announce: 'shipment.failed' },
  cancel: { kind: 'become', status: 'CANCELLED', announce: 'shipment.cancelled' },
} as const satisfies Record<string, ShipmentStep>;

/** The rules with one pair of one table changed. */
const order = (state: string, input: string, broken: OrderStep): SagaRules => ({
  ...rules,
  order: (s, i) => (s === state && i === input ? broken : rules.order(s, i)),
});
const reservation = (state: string, input: string, kind: ReservationStep['kind']): SagaRules => ({
  ...rules,
  reservation: (s, i) => (s === state && i === input ? { kind } : rules.reservation(s, i)),
});
const shipment = (state: string, input: string, broken: ShipmentStep): SagaRules => ({
  ...rules,
  shipment: (s, i) => (s === state && i === input ? broken : rules.shipment(s, i)),
});

describe('convicted is a table', () => {
  it.each([
    ['cancels without asking shipping', order('CONFIRMED', 'cancel', step.cancel), 'CANCELLED RELEASED DISPATCHED'],
    ['cancels at the deadline without asking shipping', order('CONFIRMED', 'deadline', step.cancel), 'CANCELLED RELEASED DISPATCHED'],
    ['asks shipping about an order that is not confirmed', order('PLACED', 'cancel', step.ask), 'CANCELLED REJECTED CANCELLED'],
    ['asks again at each cancel', order('CANCELLING', 'cancel', step.ask), 'order.cancellation-requested happens twice'],
    ['revives an order that was cancelled', order('CANCELLED', 'stock.reserved', step.confirm), 'follows order.cancelled'],
    ['confirms twice', order('CONFIRMED', 'stock.reserved', step.confirm), 'order.confirmed happens twice'],
    ['ships twice', order('SHIPPED', 'shipment.dispatched', step.ship), 'order.shipped happens twice'],
    ['does not believe in the parcel that left before the cancellation', order('CANCELLING', 'shipment.dispatched', step.cancel), 'CANCELLED RELEASED DISPATCHED'],
    ['reserves twice', reservation('RESERVED', 'order.placed', 'reserve'), '4 pieces are reserved, and the orders hold 2'],
    ['releases twice', reservation('RELEASED', 'order.cancelled', 'release'), 'pieces are reserved'],
    ['releases what was never reserved', reservation('REJECTED', 'order.cancelled', 'release'), 'pieces are reserved'],
    ['releases without a reservation', reservation('NONE', 'order.cancelled', 'release'), 'pieces are reserved'],
    ['takes the tombstone for nothing', reservation('RELEASED', 'order.placed', 'reserve'), 'stock.reserved happens twice'],
    ['ships the stock twice', reservation('SHIPPED', 'shipment.dispatched', 'ship'), 'pieces'],
    ['ships stock that was released', reservation('RESERVED', 'shipment.dispatched', 'release'), 'SHIPPED RELEASED DISPATCHED'],
    ['requests a second shipment', shipment('DISPATCHED', 'order.confirmed', shipmentStep.request), 'shipment.requested happens twice'],
    ['takes the tombstone of a shipment for nothing', shipment('CANCELLED', 'order.confirmed', shipmentStep.request), 'shipment.requested happens twice'],
    ['answers a cancellation before the carrier does', shipment('REQUESTED', 'order.cancellation-requested', shipmentStep.cancel), 'label that is active'],
    ['forgets to delete the label', shipment('CANCELLING', 'label.granted', shipmentStep.cancel), 'label that is active'],
    ['takes a refused deletion for a deletion', shipment('CANCELLING', 'deletion.refused', shipmentStep.cancel), 'label that is collected'],
    ['takes a deleted label for a dispatch', shipment('CANCELLING', 'label.deleted', shipmentStep.dispatch), 'label that is deleted'],
    ['cancels what was dispatched', shipment('DISPATCHED', 'order.cancellation-requested', shipmentStep.cancel), 'follows shipment.dispatched'],
    ['answers a cancellation twice', shipment('CANCELLED', 'order.cancellation-requested', shipmentStep.cancel), 'shipment.cancelled happens twice'],
    ['asks again for a shipment that has failed', shipment('FAILED', 'order.confirmed', shipmentStep.request), 'shipment.requested happens twice'],
  ] satisfies [string, SagaRules, string][])('that %s', (_name, broken, problem) => {
    const verdict = convict(broken);
    expect(verdict?.problem).toMatch(new RegExp(problem));
    // By a story that can be told.
    expect(verdict?.path.length).toBeGreaterThan(1);
  }, TIMEOUT_MS);

  /** Steps that nobody misses when they are taken away, each with the reason. */
  const spare = [
    // Shipping cancels only what it was asked to cancel, and then the order is not CONFIRMED any more.
    'order CONFIRMED: shipment.cancelled',
    // Nobody has to cancel: the order is shipped.
    'order PLACED: cancel',
    'order CONFIRMED: cancel',
    // The parcel is sent, the order says so, and the customer was promised nothing else (202).
    'shipment REQUESTED: order.cancellation-requested',
    // The label is asked for again, and the carrier says that it was deleted.
    'shipment CANCELLING: label.deleted',
  ];

  it('that lacks any of its steps, but for those which another one makes good', () => {
    const stale = { kind: 'stale' } as const;
    const without = [
      ...pairsOf(orderStatuses, orderInputs)
        .filter(([state, input]) => decideOrder(state, input).kind === 'become')
        .map(([state, input]) => [`order ${state}: ${input}`, order(state, input, stale)] as const),
      ...pairsOf(reservationStates, reservationInputs)
        .filter(([state, input]) => !['ignore', 'stale'].includes(decideReservation(state, input).kind))
        .map(([state, input]) => [`reservation ${state}: ${input}`, reservation(state, input, 'stale')] as const),
      ...pairsOf(shipmentStates, shipmentInputs)
        .filter(([state, input]) => !['ignore', 'stale'].includes(decideShipment(state, input).kind))
        .map(([state, input]) => [`shipment ${state}: ${input}`, shipment(state, input, stale)] as const),
    ];
    expect(without.length).toBeGreaterThan(20);
    const unpunished = without.filter(([, broken]) => convict(broken) === undefined).map(([name]) => name);
    expect(unpunished.sort()).toEqual(spare.sort());
  }, TIMEOUT_MS);
});

function pairsOf<S, I>(states: readonly S[], inputs: readonly I[]): (readonly [S, I])[] {
  return inputs.flatMap((input) => states.map((state) => [state, input] as const));
}
