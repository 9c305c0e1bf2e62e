import { toHeaders } from '@waybill/contracts';
import type { ConsumedRecord } from '@waybill/kafka';
import { describe, expect, it, vi } from 'vitest';
import { EventRouter } from './event-router.js';

const orderId = '01937fd1-0000-7000-8000-000000000001';
const goodValue = JSON.stringify({ orderId, reason: 'no stock' });

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

function setUp(answer: unknown = 'done') {
  const handler = vi.fn(() => Promise.resolve(answer));
  const deadLetter = vi.fn(() => Promise.resolve());
  const counted = vi.fn();
  const router = new EventRouter({ table: { 'waybill.order.rejected.v1': handler }, deadLetter, counted });
  return { router, handler, deadLetter, counted };
}

describe('EventRouter', () => {
  it('brings an event to its handler, with its data checked and its place in Kafka', async () => {
    const { router, handler, deadLetter, counted } = setUp();
    const value = JSON.stringify({ orderId, reason: 'no stock', unknown: true });
    await router.handle(record('waybill.order.rejected.v1', value));
    expect(handler).toHaveBeenCalledExactlyOnceWith(
      expect.objectContaining({
        type: 'waybill.order.rejected.v1',
        data: { orderId, reason: 'no stock' },
        topic: 'waybill.orders',
        partition: 3,
        offset: '12',
        version: 1,
      }),
    );
    expect(counted).toHaveBeenCalledExactlyOnceWith('done', 'waybill.order.rejected.v1');
    expect(deadLetter).not.toHaveBeenCalled();
  });

  it.each(['stale', 'duplicate', 'done'])('counts what the inbox says: %s', async (answer) => {
    const { router, counted } = setUp(answer);
    await router.handle(record('waybill.order.rejected.v1', goodValue));
    expect(counted).toHaveBeenCalledExactlyOnceWith(answer, 'waybill.order.rejected.v1');
  });

  it.each(['waybill.order.shipped.v1', 'waybill.order.shipped.v2', 'somebody.elses.event', 'waybill.order.dreamt.v9'])(
    'counts %s, which nobody asked for, as done',
    async (type) => {
      const { router, handler, deadLetter, counted } = setUp();
      await router.handle(record(type, 'rubbish'));
      expect(counted).toHaveBeenCalledExactlyOnceWith('ignored', expect.any(String));
      expect(handler).not.toHaveBeenCalled();
      expect(deadLetter).not.toHaveBeenCalled();
    },
  );

  it('never counts a stranger under a name of its own', async () => {
    const { router, counted } = setUp();
    await router.handle(record('somebody.elses.event', 'rubbish'));
    expect(counted).toHaveBeenCalledExactlyOnceWith('ignored', 'unknown');
  });

  it.each([
    ['without an envelope', record('waybill.order.rejected.v1', '{}', { ce_id: undefined }), 'ce_id is missing'],
    ['whose data is not JSON', record('waybill.order.rejected.v1', 'rubbish'), 'not JSON'],
    ['without data', record('waybill.order.rejected.v1', null), 'not JSON'],
  ])('sends a record %s to the dead letters', async (_, rubbish, problem) => {
    const { router, handler, deadLetter, counted } = setUp();
    await router.handle(rubbish);
    expect(deadLetter).toHaveBeenCalledExactlyOnceWith(rubbish, expect.stringContaining(problem));
    expect(counted).toHaveBeenCalledExactlyOnceWith('dead-lettered', 'waybill.order.rejected.v1');
    expect(handler).not.toHaveBeenCalled();
  });

  it('fails when the dead letter cannot be written: the record must come again', async () => {
    const { router, deadLetter, counted } = setUp();
    deadLetter.mockRejectedValue(new Error('no broker'));
    await expect(router.handle(record('waybill.order.rejected.v1', 'rubbish'))).rejects.toThrow('no broker');
    expect(counted).not.toHaveBeenCalled();
  });

  it('fails when the handler fails: the event must come again', async () => {
    const { router, handler, counted } = setUp();
    handler.mockRejectedValue(new Error('deadlock'));
    await expect(router.handle(record('waybill.order.rejected.v1', goodValue))).rejects.toThrow('deadlock');
    expect(counted).not.toHaveBeenCalled();
  });

  it.each([
    ['a newer version of a type in the table', 'waybill.order.rejected.v2', '{}', 'upgrade the consumer'],
    ['data that breaks its schema', 'waybill.order.rejected.v1', '{"orderId":7}', 'orderId'],
  ])('never skips %s', async (_, type, value, problem) => {
    const { router, handler, deadLetter } = setUp();
    await expect(router.handle(record(type, value))).rejects.toThrow(problem);
    expect(handler).not.toHaveBeenCalled();
    expect(deadLetter).not.toHaveBeenCalled();
  });

  const shipmentId = '01937fd1-0000-7000-8000-000000000002';
  const dispatchedV1 = JSON.stringify({ orderId, shipmentId, labelId: 'L1', trackingCode: 'T1' });
  const label = { id: 'L1', trackingCode: 'T1' };
  const dispatchedV2 = JSON.stringify({ orderId, shipmentId, carrier: 'another', label });

  function handling(type: 'waybill.shipment.dispatched.v1' | 'waybill.shipment.dispatched.v2') {
    const handler = vi.fn(() => Promise.resolve('done'));
    const counted = vi.fn();
    const router = new EventRouter({ table: { [type]: handler }, deadLetter: () => Promise.resolve(), counted });
    return { router, handler, counted };
  }

  it.each([
    ['v1', dispatchedV1, { orderId, shipmentId, carrier: 'carrier', label }],
    ['v2', dispatchedV2, { orderId, shipmentId, carrier: 'another', label }],
  ])('brings %s of an event to the handler of v2, as v2', async (version, value, data) => {
    const { router, handler, counted } = handling('waybill.shipment.dispatched.v2');
    const type = `waybill.shipment.dispatched.${version}`;
    await router.handle(record(type, value));
    expect(handler).toHaveBeenCalledExactlyOnceWith(expect.objectContaining({ type: 'waybill.shipment.dispatched.v2', data }));
    expect(counted).toHaveBeenCalledExactlyOnceWith('done', type);
  });

  it('never skips v2 where only v1 is handled, although others know it: this consumer is behind', async () => {
    const { router, handler, counted } = handling('waybill.shipment.dispatched.v1');
    await router.handle(record('waybill.shipment.dispatched.v1', dispatchedV1));
    await expect(router.handle(record('waybill.shipment.dispatched.v2', dispatchedV2))).rejects.toThrow('upgrade the consumer');
    expect(handler).toHaveBeenCalledExactlyOnceWith(expect.objectContaining({ type: 'waybill.shipment.dispatched.v1' }));
    expect(counted).toHaveBeenCalledTimes(1);
  });

  it('never skips v3 of an event that is handled as v2', async () => {
    const { router, handler } = handling('waybill.shipment.dispatched.v2');
    await expect(router.handle(record('waybill.shipment.dispatched.v3', '{}'))).rejects.toThrow('upgrade the consumer');
    expect(handler).not.toHaveBeenCalled();
  });
});
