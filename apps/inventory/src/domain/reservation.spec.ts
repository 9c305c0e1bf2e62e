import { describe, expect, it } from 'vitest';
import {
  decide,
  type ReservationInput,
  reservationInputs,
  type ReservationState,
  reservationStates,
} from './reservation.js';

// The whole table, written a second time by hand.
const spelledOut = `
input               | NONE      | RESERVED | REJECTED | RELEASED | SHIPPED
order.placed        | reserve   | stale    | stale    | stale    | stale
order.cancelled     | tombstone | release  | ignore   | stale    | stale
shipment.dispatched | stale     | ship     | stale    | stale    | stale
`;

const [header = [], ...rows] = spelledOut
  .trim()
  .split('\n')
  .map((line) => line.split('|').map((cell) => cell.trim()));
const pairs = rows.flatMap(([input, ...cells]) =>
  cells.map((cell, index) => [input as ReservationInput, header[index + 1] as ReservationState, cell] as const),
);

describe('the state table of a reservation', () => {
  it('is spelled out here for every state and every input', () => {
    expect(header.slice(1)).toEqual([...reservationStates]);
    expect(rows.map(([input]) => input)).toEqual([...reservationInputs]);
    expect(pairs).toHaveLength(reservationInputs.length * reservationStates.length);
  });

  it.each(pairs)('%s in %s: %s', (input, state, cell) => {
    expect(decide(state, input).kind).toBe(cell);
  });

  it('gives stock back or ships it once at most', () => {
    for (const state of ['REJECTED', 'RELEASED', 'SHIPPED'] as const) {
      const kinds = reservationInputs.map((input) => decide(state, input).kind);
      expect(kinds.every((kind) => kind === 'stale' || kind === 'ignore')).toBe(true);
    }
  });
});
