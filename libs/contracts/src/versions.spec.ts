import { describe, expect, it } from 'vitest';
import { readData } from './cloud-events.js';
import { eventSchemas, type EventType } from './events.js';
import { asEmitted, emittedVersions, isEmitted, readAs, upcast, versionOf } from './versions.js';

const V1 = 'waybill.shipment.dispatched.v1';
const V2 = 'waybill.shipment.dispatched.v2';
const orderId = '01937fd1-0000-7000-8000-000000000001';
const shipmentId = '01937fd1-0000-7000-8000-000000000002';
const long = 'x'.repeat(100);

const handles = (...types: EventType[]) => (type: EventType) => types.includes(type);
const types = Object.keys(eventSchemas) as EventType[];

describe('an event in two versions', () => {
  it('is read as v2 when it was written as v1: the one carrier there was gets its name', () => {
    const value = JSON.stringify({ orderId, shipmentId, labelId: 'L1', trackingCode: 'T1', added: 'later' });
    expect(readData(V1, value, V2)).toEqual({
      kind: 'data',
      data: { orderId, shipmentId, carrier: 'carrier', label: { id: 'L1', trackingCode: 'T1' } },
    });
  });

  it('is checked in the version that it was written in', () => {
    const data = { orderId, shipmentId, carrier: 'carrier', label: { id: 'L1', trackingCode: 'T1' } };
    expect(readData(V1, JSON.stringify(data), V2)).toEqual({ kind: 'schema', problem: expect.stringContaining(V1) as string });
    expect(readData(V2, JSON.stringify(data), V2)).toEqual({ kind: 'data', data });
  });

  it.each([
    ['the longest texts', { labelId: long, trackingCode: long }],
    ['the shortest texts', { labelId: 'x', trackingCode: 'y' }],
  ])('breaks no schema on the way up or down: %s', (_, texts) => {
    const old = { orderId, shipmentId, ...texts };
    const read = eventSchemas[V2].parse(upcast(eventSchemas[V1].parse(old), V1, V2));
    const event = { type: V2, aggregateId: shipmentId, version: 2, orderId, correlationId: orderId, data: read } as const;
    expect(eventSchemas[V1].parse(asEmitted(event).data)).toEqual(old);
  });

  it('goes out in the version that is declared, whatever the producer knows beyond it', () => {
    const data = { orderId, shipmentId, carrier: 'another', label: { id: 'L1', trackingCode: 'T1' } };
    const event = { type: V2, aggregateId: shipmentId, version: 2, orderId, correlationId: orderId, data } as const;
    expect(asEmitted(event)).toEqual({ ...event, type: V1, data: { orderId, shipmentId, labelId: 'L1', trackingCode: 'T1' } });
    expect([isEmitted(V1), isEmitted(V2)]).toEqual([true, false]);
  });

  it('is nothing that a version which is not written any more can be made into', () => {
    expect(() => upcast({}, V2, V1)).toThrow(`Nothing leads from ${V2} up to ${V1}`);
  });
});

describe('readAs', () => {
  it.each([
    ['v1 as v2, by a consumer of v2', V1, [V2], V2],
    ['v2 as v2', V2, [V2], V2],
    ['v1 as v1, by a consumer that is behind', V1, [V1], V1],
    ['v1 as the newest of both', V1, [V1, V2], V2],
    ['v2 not at all, by a consumer that is behind', V2, [V1], undefined],
    ['nothing that nobody handles', V1, ['waybill.order.placed.v1'], undefined],
  ] as const)('reads %s', (_, type, handled, version) => {
    expect(readAs(type, handles(...handled))).toBe(version);
  });
});

describe('the versions of an event', () => {
  it('lead from the oldest to the newest, each into the next, so that a consumer of the newest reads all', () => {
    for (const type of types) {
      const newest = types
        .filter((candidate) => versionOf(candidate)?.name === versionOf(type)?.name)
        .toSorted((a, b) => versionOf(a)!.version - versionOf(b)!.version)
        .at(-1)!;
      expect(readAs(type, handles(newest)), `${type} as ${newest}`).toBe(newest);
    }
  });

  it('have one that is emitted, declared wherever there are several', () => {
    const names = types.map((type) => versionOf(type)?.name ?? '');
    const several = names.filter((name, index) => names.indexOf(name) !== index);
    expect(Object.keys(emittedVersions).toSorted()).toEqual([...new Set(several)].toSorted());
    for (const [name, version] of Object.entries(emittedVersions)) {
      expect(types, 'emittedVersions names a version that has a schema').toContain(`${name}.v${version}`);
    }
    expect(types.filter(isEmitted).map((type) => versionOf(type)?.name)).toEqual([...new Set(names)]);
  });
});
