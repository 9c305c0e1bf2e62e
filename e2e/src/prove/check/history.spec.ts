import { describe, expect, it } from 'vitest';
import { check } from './check.js';
import { historyOf, renderHistory, smallestFailing } from './history.js';
import type { DoctoredRecord } from './mutations.js';
import { validHistory } from './valid-history.js';

const record = validHistory({ seed: 3, orders: 40, trouble: 0 });
const shipped = record.orders.find(({ status }) => status === 'SHIPPED')!.id;
const cancelled = record.shipments.find(({ status }) => status === 'CANCELLED')!.orderId;

describe('the history of an order', () => {
  it('has its requests, changes, events, records and effects on one axis of time, and at last how it stands', () => {
    const lines = historyOf(record, shipped);
    const times = lines.map(({ atMs }) => atMs ?? Infinity);
    expect(times).toEqual([...times].sort((one, other) => one - other));
    const kinds = lines.map(({ kind }) => kind);
    // placed, reserved, confirmed, requested, dispatched, shipped, and the stock that left.
    expect(kinds.filter((kind) => kind === 'outbox')).toHaveLength(7);
    expect(kinds.filter((kind) => kind === 'record')).toHaveLength(7);
    expect(kinds.filter((kind) => kind === 'handled')).toHaveLength(5);
    expect(kinds.filter((kind) => kind === 'state')).toHaveLength(3);
    expect(kinds[0]).toBe('request');
  });

  it('shows the attempts of its wish that got no answer, and the faults that were in force', () => {
    const troubled = validHistory({ seed: 3, orders: 60 });
    const unanswered = troubled.requests.find(({ result, kind }) => result === 'unknown' && kind === 'place')!;
    const told = troubled.requests.find(({ wish, orderId }) => wish === unanswered.wish && orderId !== null)!;
    const faults = [{ kind: 'kill', target: 'orders-1', detail: 'SIGKILL', startMs: 0, endMs: 1e9, recoveredMs: null }];
    const lines = historyOf({ ...troubled, faults }, told.orderId!);
    expect(lines.filter(({ kind, text }) => kind === 'request' && text.includes('unknown'))).not.toEqual([]);
    expect(lines.filter(({ kind }) => kind === 'fault').map(({ text }) => text)).toEqual(['fault: kill of orders-1 until 1000000000 (SIGKILL)']);
  });

  it('is written a line each, with the time first', () => {
    const [first, ...others] = renderHistory(historyOf(record, shipped)).split('\n');
    expect(first).toMatch(/^ +\d+ {2}client +place sent to orders-\d/);
    expect(others.at(-1)).toMatch(/^ +end {2}carrier +label /);
  });
});

describe('the smallest failing history', () => {
  it('is that of the failing order with the fewest lines', () => {
    const doctored = structuredClone(record) as DoctoredRecord;
    const rejected = record.orders.find(({ status }) => status === 'REJECTED')!.id;
    for (const order of doctored.orders.filter(({ id }) => [shipped, cancelled, rejected].includes(id))) {
      Object.assign(order, { version: order.version + 1 });
    }
    const smallest = smallestFailing(doctored, check(doctored));
    expect(smallest?.orderId).toBe(rejected);
    expect(smallest?.lines).toEqual(historyOf(doctored, rejected));
  });

  it('is none where all holds', () => {
    expect(smallestFailing(record, check(record))).toBeUndefined();
  });
});
