import { readData, readEnvelope } from '@waybill/contracts';
import { describe, expect, it } from 'vitest';
import { aggregate, aggregates, EVENT_TYPE, PAYLOAD_BYTES, payloadOf, stockRecord } from './event-stock.js';

describe('the event that is measured', () => {
  it('is one that every consumer would take, of exactly as many bytes as promised', () => {
    const payload = payloadOf(aggregate(7).id);
    expect(Buffer.byteLength(payload)).toBe(PAYLOAD_BYTES);
    expect(readData(EVENT_TYPE, payload)).toMatchObject({ kind: 'data', data: { orderId: aggregate(7).id } });
  });

  it('has an envelope with all headers that orders writes', () => {
    const { headers, key } = stockRecord(1_003);
    expect(readEnvelope(headers, key)).toMatchObject({ kind: 'event', envelope: { subject: key, version: 2 } });
    expect(Object.keys(headers)).toHaveLength(13);
  });

  it('belongs to a thousand orders, on all partitions and shards', () => {
    expect(new Set(aggregates.map(({ id }) => id)).size).toBe(1_000);
    expect(new Set(aggregates.map(({ partition }) => partition)).size).toBe(6);
    expect(new Set(aggregates.map(({ shard }) => shard)).size).toBe(64);
  });
});
