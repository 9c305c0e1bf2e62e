import { describe, expect, it } from 'vitest';
import {
  advance,
  decide,
  type Shipment,
  type ShipmentInput,
  shipmentInputs,
  type ShipmentState,
  shipmentStates,
} from './shipment.js';

// The whole table, written a second time by hand: `>X event` becomes X and announces the event.
const spelledOut = `
input                        | NONE                          | REQUESTED                       | CANCELLING                      | DISPATCHED | FAILED | CANCELLED
order.confirmed              | >REQUESTED shipment.requested | stale                           | stale                           | stale      | stale  | stale
order.cancellation-requested | >CANCELLED shipment.cancelled | want-cancel                     | ignore                          | ignore     | ignore | ignore
label.granted                | stale                         | >DISPATCHED shipment.dispatched | delete-label                    | stale      | stale  | stale
label.refused                | stale                         | >FAILED shipment.failed         | >CANCELLED shipment.cancelled   | stale      | stale  | stale
label.deleted                | stale                         | stale                           | >CANCELLED shipment.cancelled   | stale      | stale  | stale
deletion.refused             | stale                         | stale                           | >DISPATCHED shipment.dispatched | stale      | stale  | stale
`;

const [header = [], ...rows] = spelledOut
  .trim()
  .split('\n')
  .map((line) => line.split('|').map((cell) => cell.trim()));
const pairs = rows.flatMap(([input, ...cells]) =>
  cells.map((cell, index) => [input as ShipmentInput, header[index + 1] as ShipmentState, cell] as const),
);

describe('the state table of a shipment', () => {
  it('is spelled out here for every state and every input', () => {
    expect(header.slice(1)).toEqual([...shipmentStates]);
    expect(rows.map(([input]) => input)).toEqual([...shipmentInputs]);
    expect(pairs).toHaveLength(shipmentInputs.length * shipmentStates.length);
  });

  it.each(pairs)('%s in %s: %s', (input, state, cell) => {
    const step = decide(state, input);
    const text = step.kind === 'become' ? `>${step.status} ${step.announce}` : step.kind;
    expect(text).toBe(cell);
  });

  it('leaves a final state never again', () => {
    for (const state of ['DISPATCHED', 'FAILED', 'CANCELLED'] as const) {
      const kinds = shipmentInputs.map((input) => decide(state, input).kind);
      expect(kinds.every((kind) => kind === 'stale' || kind === 'ignore')).toBe(true);
    }
  });
});

describe('a shipment', () => {
  const cancelling: Shipment = {
    id: '019ac000-0000-7000-8000-000000000005',
    orderId: '019ac000-0000-7000-8000-000000000001',
    status: 'CANCELLING',
    version: 1,
    lines: [{ sku: 'BOOK-1', quantity: 1 }],
    shipTo: { name: 'Ada', street: 'Main Street 1', city: 'Berlin', postcode: '10115', country: 'DE' },
    labelId: null,
    trackingCode: null,
    reason: 'cancelled by the customer',
  };

  it('keeps the reason of who asked first when it is cancelled', () => {
    const cancelled = take('label.deleted', { reason: 'label deleted' });
    expect(cancelled).toEqual({ ...cancelling, status: 'CANCELLED', version: 2 });
  });

  it('has a label and no reason once it was dispatched after all', () => {
    const dispatched = take('deletion.refused', { labelId: 'L1', trackingCode: 'T1', reason: 'on the truck' });
    expect(dispatched).toMatchObject({ status: 'DISPATCHED', version: 2, labelId: 'L1', trackingCode: 'T1', reason: null });
  });

  function take(input: ShipmentInput, facts: Parameters<typeof advance>[2]): Shipment {
    const step = decide(cancelling.status, input);
    if (step.kind !== 'become') {
      throw new Error(`${input} should be a step, got ${step.kind}`);
    }
    return advance(cancelling, step, facts);
  }
});
