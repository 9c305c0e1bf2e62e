import { toHeaders } from '@waybill/contracts';
import type { ConsumedRecord } from '@waybill/kafka';
import { describe, expect, it, vi } from 'vitest';
import { dispatchEvent, type SubscriptionTable } from './dispatch-event.js';

const orderId = '01937fd1-0000-7000-8000-000000000001';

function record(type: string, value: string | null, headers: Record<string, string | undefined> = {}): ConsumedRecord {
  return {
    topic: 'waybill.orders',
    partition: 3,
    offset: '12',
    key: orderId,
    value: value === null ? null : Buffer.from(value),
    headers: {
      ...toHeaders({
        id: '01937fd1-7f5a-7c3e-8a55-0f1b1c2d3e4f',
        source: '/waybill/orders',
        type,
        subject: orderId,
        time: '2026-11-24T03:00:00.000000Z',
        version: 1,
        partitionKey: orderId,
        correlationId: 'c',
      }),
      ...headers,
    },
    rawHeaders: {},
    timestamp: '0',
  };
}

function setUp() {
  const handled = vi.fn(() => Promise.resolve());
  const deadLetter = vi.fn(() => Promise.resolve());
  const table: SubscriptionTable = { 'waybill.order.rejected.v1': handled };
  return { handled, deadLetter, table };
}

describe('dispatchEvent', () => {
  it('brings an event to its handler, with its data checked and its place in Kafka', async () => {
    const { handled, deadLetter, table } = setUp();
    const value = JSON.stringify({ orderId, reason: 'no stock', unknown: true });
    expect(await dispatchEvent(record('waybill.order.rejected.v1', value), table, deadLetter)).toBe('handled');
    expect(handled).toHaveBeenCalledExactlyOnceWith(
      expect.objectContaining({
        type: 'waybill.order.rejected.v1',
        data: { orderId, reason: 'no stock' },
        topic: 'waybill.orders',
        partition: 3,
        offset: '12',
        version: 1,
      }),
    );
    expect(deadLetter).not.toHaveBeenCalled();
  });

  it.each(['waybill.order.shipped.v1', 'somebody.elses.event', 'waybill.order.dreamt.v9'])(
    'counts %s, which nobody asked for, as done',
    async (type) => {
      const { deadLetter, table } = setUp();
      expect(await dispatchEvent(record(type, 'rubbish'), table, deadLetter)).toBe('not-subscribed');
      expect(deadLetter).not.toHaveBeenCalled();
    },
  );

  it.each([
    ['without an envelope', record('waybill.order.rejected.v1', '{}', { ce_id: undefined }), 'ce_id is missing'],
    ['whose data is not JSON', record('waybill.order.rejected.v1', 'rubbish'), 'not JSON'],
    ['without data', record('waybill.order.rejected.v1', null), 'not JSON'],
  ])('sends a record %s to the dead letters', async (_, rubbish, problem) => {
    const { handled, deadLetter, table } = setUp();
    expect(await dispatchEvent(rubbish, table, deadLetter)).toBe('dead-lettered');
    expect(deadLetter).toHaveBeenCalledExactlyOnceWith(rubbish, expect.stringContaining(problem));
    expect(handled).not.toHaveBeenCalled();
  });

  it('fails when the dead letter cannot be written: the record must come again', async () => {
    const { table } = setUp();
    const rubbish = record('waybill.order.rejected.v1', 'rubbish');
    await expect(dispatchEvent(rubbish, table, () => Promise.reject(new Error('no broker')))).rejects.toThrow('no broker');
  });

  it.each([
    ['a newer version of a known type', 'waybill.order.rejected.v2', '{}', 'newer-version'],
    ['data that breaks its schema', 'waybill.order.rejected.v1', '{"orderId":7}', 'schema'],
  ])('never skips %s', async (_, type, value, problem) => {
    const { handled, deadLetter, table } = setUp();
    await expect(dispatchEvent(record(type, value), table, deadLetter)).rejects.toMatchObject({ problem });
    expect(handled).not.toHaveBeenCalled();
    expect(deadLetter).not.toHaveBeenCalled();
  });
});
