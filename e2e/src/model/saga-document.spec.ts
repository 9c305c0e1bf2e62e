import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import {
  decide as decideReservation,
  reservationInputs,
  reservationStates,
  type ReservationStep,
} from '../../../apps/inventory/src/domain/reservation.js';
import { decide as decideOrder, orderInputs, orderStatuses } from '../../../apps/orders/src/domain/order.js';
import { decide as decideShipment, shipmentInputs, shipmentStates } from '../../../apps/shipping/src/domain/shipment.js';

const DOCUMENT = join(import.meta.dirname, '../../../docs/patterns/saga.md');
const MARKED = /(<!-- begin: tables -->\n)[\s\S]*?(<!-- end: tables -->)/;

type Step = { readonly kind: string; readonly status?: string; readonly announce?: string };

function table<S extends string, I extends string>(
  states: readonly S[],
  inputs: readonly I[],
  cell: (state: S, input: I) => string,
): string {
  const row = (cells: readonly string[]) => `| ${cells.join(' | ')} |`;
  return [
    row(['event', ...states]),
    row(['---', ...states.map(() => '---')]),
    ...inputs.map((input) => row([`\`${input}\``, ...states.map((state) => cell(state, input))])),
  ].join('\n');
}

function words({ kind, status, announce }: Step): string {
  return kind === 'become' ? `→ **${String(status)}**, \`${String(announce)}\`` : kind;
}

/** What the use cases make of a step that names no state, because the stock or the worker decides it. */
function reservationWords({ kind }: ReservationStep): string {
  switch (kind) {
    case 'reserve':
      return '→ **RESERVED**, `stock.reserved`, or **REJECTED**, `stock.rejected`';
    case 'release':
      return '→ **RELEASED**, `stock.released`';
    case 'tombstone':
      return '→ **RELEASED**: a tombstone, nothing is announced';
    case 'ship':
      return '→ **SHIPPED**, `stock.shipped`';
    case 'ignore':
    case 'stale':
      return kind;
  }
}

function shipmentWords(step: Step): string {
  switch (step.kind) {
    case 'want-cancel':
      return '→ **CANCELLING**: the carrier is asked, nothing is announced';
    case 'delete-label':
      return '`DELETE` the label';
    default:
      return words(step);
  }
}

function tables(): string {
  return [
    '### The order',
    'An order begins PLACED. `cancel` is the customer, `deadline` the timer.',
    table(orderStatuses, orderInputs, (state, input) => words(decideOrder(state, input))),
    '### The reservation',
    table(reservationStates, reservationInputs, (state, input) => reservationWords(decideReservation(state, input))),
    '### The shipment',
    'The first two are what the order asks; the others are what the carrier definitely answers.',
    table(shipmentStates, shipmentInputs, (state, input) => shipmentWords(decideShipment(state, input))),
  ].join('\n\n');
}

describe('docs/patterns/saga.md', () => {
  it('has the tables of the code (renew them: UPDATE=1 npx vitest run --project unit e2e/src/model)', () => {
    const document = existsSync(DOCUMENT) ? readFileSync(DOCUMENT, 'utf8') : '';
    const current = document.replace(MARKED, (_all, begin: string, end: string) => `${begin}\n${tables()}\n\n${end}`);
    if (process.env['UPDATE'] === '1') {
      writeFileSync(DOCUMENT, current);
    }
    expect(document).toMatch(MARKED);
    expect(process.env['UPDATE'] === '1' ? current : document).toBe(current);
  });
});
