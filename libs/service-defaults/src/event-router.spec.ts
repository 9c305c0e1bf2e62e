import { toHeaders } from '@waybill/contracts';
import type { ConsumedRecord } from '@waybill/kafka';
import type { EntityManager } from 'typeorm';
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

function setUp() {
  const handler = vi.fn(() => Promise.resolve('stale' as const));
  return { router: new EventRouter({ table: { 'waybill.order.rejected.v1': handler } }), handler };
}

describe('EventRouter', () => {
  it('reads an event, with its data checked and its place in Kafka', () => {
    const { router } = setUp();
    const value = JSON.stringify({ orderId, reason: 'no stock', unknown: true });
    expect(router.read(record('waybill.order.rejected.v1', value))).toEqual({
      kind: 'event',
      event: expect.objectContaining({
        type: 'waybill.order.rejected.v1',
        data: { orderId, reason: 'no stock' },
        topic: 'waybill.orders',
        partition: 3,
        offset: '12',
        version: 1,
      }) as unknown,
    });
  });

  it('brings an event to its handler, in the transaction that it is given, and says what the handler said', async () => {
    const { router, handler } = setUp();
    const reading = router.read(record('waybill.order.rejected.v1', goodValue));
    const manager = {} as EntityManager;
    const event = reading.kind === 'event' ? reading.event : undefined;
    expect(event && (await router.effect(manager, event))).toBe('stale');
    expect(handler).toHaveBeenCalledExactlyOnceWith(manager, event);
  });

  it.each(['waybill.order.shipped.v1', 'waybill.order.shipped.v2', 'somebody.elses.event', 'waybill.order.dreamt.v9'])(
    'ignores %s, which nobody asked for',
    (type) => {
      expect(setUp().router.read(record(type, 'rubbish')).kind).toBe('ignored');
    },
  );

  it('never counts a stranger under a name of its own', () => {
    const { router } = setUp();
    expect(router.read(record('somebody.elses.event', 'rubbish'))).toEqual({ kind: 'ignored', type: 'unknown' });
    expect(router.read(record('somebody.elses.event', '', { ce_id: undefined }))).toMatchObject({ type: 'unknown' });
  });

  it.each([
    ['without an envelope', record('waybill.order.rejected.v1', '{}', { ce_id: undefined }), 'ce_id is missing'],
    ['whose data is not JSON', record('waybill.order.rejected.v1', 'rubbish'), 'not JSON'],
    ['without data', record('waybill.order.rejected.v1', null), 'not JSON'],
    ['with U+0000 in a name', record('waybill.order.rejected.v1', goodValue, { ce_subject: 'a\0b' }), 'U+0000'],
    ['with a name of any length', record('waybill.order.rejected.v1', goodValue, { ce_source: 'x'.repeat(501) }), '500'],
  ])('takes a record %s for no event', (_, rubbish, problem) => {
    expect(setUp().router.read(rubbish)).toEqual({
      kind: 'no-event',
      type: 'waybill.order.rejected.v1',
      problem: expect.stringContaining(problem) as string,
    });
  });

  it.each([
    ['a newer version of a type in the table', 'newer-version', 'waybill.order.rejected.v2', '{}', 'upgrade the consumer'],
    ['data that breaks its schema', 'breaks-schema', 'waybill.order.rejected.v1', '{"orderId":7}', 'orderId'],
  ])('tells %s', (_, kind, type, value, problem) => {
    expect(setUp().router.read(record(type, value))).toEqual({
      kind,
      envelope: expect.objectContaining({ type, subject: orderId }) as unknown,
      problem: expect.stringContaining(problem) as string,
    });
  });
});
