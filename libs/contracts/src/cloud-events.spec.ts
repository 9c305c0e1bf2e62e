import { describe, expect, it } from 'vitest';
import { isNewerVersionOfKnownType, readData, readEnvelope, toHeaders } from './cloud-events.js';

const event = {
  id: '01937fd1-7f5a-7c3e-8a55-0f1b1c2d3e4f',
  source: '/waybill/orders',
  type: 'waybill.order.rejected.v1',
  subject: '01937fd1-0000-7000-8000-000000000001',
  time: '2026-11-24T03:00:00.000000Z',
  version: 2,
  partitionKey: '01937fd1-0000-7000-8000-000000000001',
  correlationId: 'c-1',
  causationId: 'a-1',
  traceparent: '00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01',
};

describe('toHeaders', () => {
  it('writes CloudEvents 1.0 in binary mode', () => {
    expect(toHeaders(event)).toEqual({
      'content-type': 'application/json',
      ce_specversion: '1.0',
      ce_id: event.id,
      ce_source: '/waybill/orders',
      ce_type: 'waybill.order.rejected.v1',
      ce_subject: event.subject,
      ce_time: event.time,
      ce_dataschema: 'urn:waybill:schema:waybill.order.rejected.v1',
      ce_partitionkey: event.partitionKey,
      ce_sequence: '0000000002',
      ce_correlationid: 'c-1',
      ce_causationid: 'a-1',
      traceparent: event.traceparent,
    });
  });
});

describe('readEnvelope', () => {
  it('reads what toHeaders wrote', () => {
    expect(readEnvelope(toHeaders(event), event.partitionKey)).toEqual({
      kind: 'event',
      envelope: {
        id: event.id,
        source: event.source,
        type: event.type,
        subject: event.subject,
        time: event.time,
        version: 2,
        partitionKey: event.partitionKey,
        correlationId: 'c-1',
        causationId: 'a-1',
        trace: { traceparent: event.traceparent },
      },
    });
  });

  it.each([
    ['ce_id', undefined, 'ce_id is missing'],
    ['ce_id', 'not-a-uuid', 'ce_id should be a UUID, got "not-a-uuid"'],
    ['ce_specversion', '0.3', 'ce_specversion should be 1.0, got "0.3"'],
    ['ce_type', '', 'ce_type is missing'],
    ['ce_sequence', '-1', 'ce_sequence should be a number'],
  ])('calls a record with %s = %s no event, and says why', (name, value, problem) => {
    const read = readEnvelope({ ...toHeaders(event), [name]: value }, event.partitionKey);
    expect(read).toEqual({ kind: 'no-event', problem: expect.stringContaining(problem) as string });
  });

  it('names everything that is missing from a record without headers', () => {
    const read = readEnvelope({}, undefined);
    expect(read.kind === 'no-event' && read.problem.split('; ')).toHaveLength(6);
  });
});

describe('readData', () => {
  it('drops properties that it does not know: a newer producer may add some', () => {
    const value = JSON.stringify({ orderId: event.subject, reason: 'no stock', added: 'later' });
    expect(readData('waybill.order.rejected.v1', value)).toEqual({
      kind: 'data',
      data: { orderId: event.subject, reason: 'no stock' },
    });
  });

  it('tells what is not JSON from what breaks the schema', () => {
    expect(readData('waybill.order.rejected.v1', 'rubbish').kind).toBe('not-json');
    expect(readData('waybill.order.rejected.v1', undefined).kind).toBe('not-json');
    expect(readData('waybill.order.rejected.v1', '{"orderId":"7"}')).toEqual({
      kind: 'schema',
      problem: expect.stringMatching(/orderId: .*; reason: /) as string,
    });
  });
});

describe('isNewerVersionOfKnownType', () => {
  it.each([
    ['waybill.order.placed.v2', true],
    ['waybill.order.placed.v1', false],
    ['waybill.order.placed', false],
    ['waybill.order.dreamt.v2', false],
  ])('%s: %s', (type, newer) => {
    expect(isNewerVersionOfKnownType(type)).toBe(newer);
  });
});
