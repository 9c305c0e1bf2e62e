import { partitionOf } from '@waybill/contracts';
import { describe, expect, it } from 'vitest';
import { byVersion, type OutboxRow, withinBytes } from './outbox-batch.js';
import { toRecord } from './outbox-record.js';

function row(seq: number, aggregateid: string, version: number, payload = '{}'): OutboxRow {
  return {
    seq: String(seq),
    id: `00000000-0000-7000-8000-${String(seq).padStart(12, '0')}`,
    shard: 0,
    topic: 'waybill.orders',
    aggregatetype: 'order',
    aggregateid,
    version: String(version),
    type: 'waybill.order.placed.v1',
    payload,
    occurred_at: '2026-11-24T03:00:00.000000Z',
    partitionkey: aggregateid,
    correlationid: 'c',
    causationid: null,
    traceparent: null,
    tracestate: null,
    baggage: null,
    deadline: null,
    flags: null,
    raw: null,
  };
}

describe('byVersion', () => {
  it('puts versions of one aggregate in order and leaves the others where they stood', () => {
    const rows = [row(1, 'a', 3), row(2, 'b', 1), row(3, 'a', 2), row(4, 'b', 2), row(5, 'a', 10)];
    expect(byVersion(rows).map(({ aggregateid, version }) => aggregateid + version)).toEqual([
      'a2',
      'b1',
      'a3',
      'b2',
      'a10',
    ]);
  });
});

describe('withinBytes', () => {
  it('cuts before the first row that would overfill its partition', () => {
    const rows = [row(1, 'a', 1, 'x'.repeat(3_000)), row(2, 'a', 2, 'x'.repeat(3_000)), row(3, 'a', 3, 'x')];
    expect(withinBytes(rows, 8_000)).toHaveLength(2);
  });

  it('counts each partition by itself', () => {
    const other = Array.from({ length: 50 }, (_, n) => `k${n}`).find(
      (key) => partitionOf('waybill.orders', key) !== partitionOf('waybill.orders', 'a'),
    );
    const rows = [row(1, 'a', 1, 'x'.repeat(3_000)), row(2, other ?? '', 1, 'x'.repeat(3_000))];
    expect(withinBytes(rows, 4_000)).toHaveLength(2);
  });

  it('sends one row that is larger than the bound: alone, the broker decides about it', () => {
    expect(withinBytes([row(1, 'a', 1, 'x'.repeat(9_000)), row(2, 'a', 2)], 4_000)).toHaveLength(1);
  });
});

describe('toRecord', () => {
  it('carries the payload as it stands and leaves out what the row has not', () => {
    const record = toRecord(row(1, 'a', 7, '{"b" : 1}'), '/waybill/orders');
    expect(record.value).toBe('{"b" : 1}');
    expect(record.headers['ce_sequence']).toBe('0000000007');
    expect(Object.keys(record.headers)).not.toContain('traceparent');
  });
});
