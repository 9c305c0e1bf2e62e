import { randomUUID } from 'node:crypto';
import { deadLetterTopic, partitionOf, publishers, services, toHeaders } from '@waybill/contracts';
import { until } from '@waybill/testing';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { header, type KafkaRecord, readTopics, writeRecords } from '../kafka-record.js';
import { type OtlpSink, type SinkSpan, startOtlpSink } from '../otlp-sink.js';
import { Platform } from '../platform.js';

let platform: Platform;
let sink: OtlpSink;

beforeAll(async () => {
  sink = await startOtlpSink();
  platform = await Platform.start({ env: { OTEL_EXPORTER_OTLP_ENDPOINT: sink.endpoint } });
});

afterAll(async () => {
  await platform.stop();
  await sink.stop();
});

const eventTopics = services.map((service) => publishers[service].topic);

async function story(orderId: string): Promise<KafkaRecord[]> {
  const records = await readTopics(platform.brokers, eventTopics);
  return records.filter(({ key }) => key === orderId);
}

function typesOf(records: readonly KafkaRecord[], source: string): string[] {
  return records
    .filter((record) => header(record, 'ce_source') === source)
    .map((record) => header(record, 'ce_type') ?? '');
}

describe('an order', () => {
  it('is shipped, and its stock leaves the shelf', async () => {
    const { customer } = platform;
    await customer.setStock('SHIP-1', 10);
    const placed = await customer.placed([{ sku: 'SHIP-1', quantity: 3 }]);
    expect(placed).toMatchObject({ status: 'PLACED', version: 1 });

    const shipped = await customer.ended(placed.id);
    expect(shipped).toMatchObject({ status: 'SHIPPED', version: 3, trackingCode: expect.any(String) as string });
    await until(async () => (await customer.stock('SHIP-1')).onHand === 7);
    expect(await customer.stock('SHIP-1')).toMatchObject({ onHand: 7, reserved: 0, available: 7 });

    const records = await until(async () => {
      const all = await story(placed.id);
      return all.length >= 7 ? all : undefined;
    });
    expect(typesOf(records, '/waybill/orders')).toEqual([
      'waybill.order.placed.v1',
      'waybill.order.confirmed.v1',
      'waybill.order.shipped.v1',
    ]);
    expect(typesOf(records, '/waybill/inventory')).toEqual(['waybill.stock.reserved.v1', 'waybill.stock.shipped.v1']);
    expect(typesOf(records, '/waybill/shipping')).toEqual([
      'waybill.shipment.requested.v1',
      'waybill.shipment.dispatched.v1',
    ]);
    expect(new Set(records.map(({ partition }) => partition)).size).toBe(1);
    expect(new Set(records.map((record) => header(record, 'ce_correlationid')))).toEqual(new Set([placed.id]));
  });

  it('is rejected when there is not enough stock, and reserves nothing', async () => {
    const { customer } = platform;
    await customer.setStock('SCARCE-1', 2);
    await customer.setStock('PLENTY-1', 100);
    const placed = await customer.placed([
      { sku: 'PLENTY-1', quantity: 1 },
      { sku: 'SCARCE-1', quantity: 3 },
    ]);
    const rejected = await customer.ended(placed.id);
    expect(rejected.status).toBe('REJECTED');
    expect(rejected.reason).toContain('SCARCE-1');
    expect(await customer.stock('PLENTY-1')).toMatchObject({ reserved: 0, available: 100 });
  });

  it('for a SKU that nobody knows is accepted, and then rejected with the reason', async () => {
    const placed = await platform.customer.placed([{ sku: 'NO-SUCH-SKU', quantity: 1 }]);
    const rejected = await platform.customer.ended(placed.id);
    expect(rejected).toMatchObject({ status: 'REJECTED', reason: expect.stringContaining('NO-SUCH-SKU') as string });
  });

  it('is cancelled when the carrier refuses it for good, and its stock is released', async () => {
    const { customer } = platform;
    await customer.setStock('REFUSED-1', 5);
    await customer.carrier({ mode: 'refuse' });
    try {
      const placed = await customer.placed([{ sku: 'REFUSED-1', quantity: 5 }]);
      const cancelled = await customer.ended(placed.id);
      expect(cancelled).toMatchObject({ status: 'CANCELLED', reason: expect.any(String) as string });
      await until(async () => (await customer.stock('REFUSED-1')).available === 5);
      expect(typesOf(await story(placed.id), '/waybill/inventory')).toEqual([
        'waybill.stock.reserved.v1',
        'waybill.stock.released.v1',
      ]);
    } finally {
      await customer.carrier({ mode: 'ok' });
    }
  });

  it('outlives a carrier that fails and is silent, and is shipped once by one label', async () => {
    const { customer } = platform;
    await customer.setStock('LATE-1', 5);
    await customer.carrier({ mode: 'fail' });
    const placed = await customer.placed([{ sku: 'LATE-1', quantity: 1 }]);
    await until(async () => (await customer.order(placed.id)).status === 'CONFIRMED');
    await customer.carrier({ mode: 'ok' });
    expect(await customer.ended(placed.id)).toMatchObject({ status: 'SHIPPED' });
  });

  it('is shipped by version 2 of an event as by version 1, which is written now', async () => {
    const { customer } = platform;
    const { topic, source } = publishers.shipping;
    await customer.setStock('NEXT-1', 5);
    await customer.carrier({ mode: 'fail' });
    try {
      const { id: orderId } = await customer.placed([{ sku: 'NEXT-1', quantity: 2 }]);
      await until(async () => (await customer.order(orderId)).status === 'CONFIRMED');
      // As a shipping of the next release writes it.
      const [shipmentId, id] = [randomUUID(), randomUUID()];
      const type = 'waybill.shipment.dispatched.v2';
      const data = { orderId, shipmentId, carrier: 'another', label: { id: 'L-2', trackingCode: 'T-2' } };
      const about = { subject: shipmentId, time: new Date().toISOString(), version: 2, partitionKey: orderId, correlationId: orderId };
      const headers = toHeaders({ id, source, type, ...about });
      await writeRecords(platform.brokers, topic, [
        { key: orderId, value: JSON.stringify(data), headers, partition: partitionOf(topic, orderId) },
      ]);
      expect(await customer.ended(orderId)).toMatchObject({ status: 'SHIPPED', trackingCode: 'T-2' });
      await until(async () => (await customer.stock('NEXT-1')).onHand === 3);
    } finally {
      await customer.carrier({ mode: 'ok' });
    }
  });

  it('that is cancelled before anybody has seen it stays cancelled, and holds no stock', async () => {
    const { customer } = platform;
    await customer.setStock('CANCEL-1', 5);
    const inventory = platform.process('inventory');
    inventory.pause();
    try {
      const placed = await customer.placed([{ sku: 'CANCEL-1', quantity: 2 }]);
      const answer = await customer.cancel(placed.id);
      expect(answer.status).toBe(200);
      expect(await answer.json()).toMatchObject({ status: 'CANCELLED', version: 2 });
      expect((await customer.cancel(placed.id)).status).toBe(200);
      inventory.resume();
      await until(async () => typesOf(await story(placed.id), '/waybill/inventory').includes('waybill.stock.released.v1'), {
        timeoutMs: 60_000,
      });
      await until(async () => (await customer.stock('CANCEL-1')).available === 5);
      expect((await customer.order(placed.id)).status).toBe('CANCELLED');
    } finally {
      inventory.resume();
    }
  });
});

describe('an Idempotency-Key', () => {
  const lines = [{ sku: 'KEY-1', quantity: 1 }];

  it('gives the second request the answer of the first, byte for byte', async () => {
    const { customer } = platform;
    await customer.setStock('KEY-1', 1_000);
    const key = { 'idempotency-key': randomUUID() };
    const first = await customer.place(lines, key);
    const second = await customer.place(lines, key);
    expect([first.status, second.status]).toEqual([201, 201]);
    expect(second.headers.get('location')).toBe(first.headers.get('location'));
    expect(await second.text()).toBe(await first.text());
  });

  it('gives twenty requests at once one order', async () => {
    const { customer } = platform;
    const key = { 'idempotency-key': randomUUID() };
    const answers = await Promise.all(Array.from({ length: 20 }, () => customer.place(lines, key)));
    const accepted = answers.filter(({ status }) => status === 201);
    // A twin that waited too long is told to come again; it never gets an order of its own.
    expect(answers.every(({ status }) => status === 201 || status === 409)).toBe(true);
    const ids = await Promise.all(accepted.map(async (answer) => ((await answer.json()) as { id: string }).id));
    expect(new Set(ids).size).toBe(1);
  });

  it('refuses another body', async () => {
    const { customer } = platform;
    const key = { 'idempotency-key': randomUUID() };
    await customer.place(lines, key);
    const other = await customer.place([{ sku: 'KEY-1', quantity: 2 }], key);
    expect(other.status).toBe(422);
    expect(other.headers.get('content-type')).toContain('application/problem+json');
    expect(await other.json()).toMatchObject({ status: 422, traceId: expect.stringMatching(/^[0-9a-f]{32}$/) as string });
  });
});

describe('delivery', () => {
  it('of one event ten times has one effect', async () => {
    const { customer } = platform;
    await customer.setStock('TEN-1', 10);
    const placed = await customer.placed([{ sku: 'TEN-1', quantity: 1 }]);
    await customer.ended(placed.id);
    await until(async () => (await customer.stock('TEN-1')).onHand === 9);
    const before = await story(placed.id);
    const copies = before.flatMap((record) => Array.from({ length: 10 }, () => record));
    for (const topic of eventTopics) {
      const mine = copies.filter((record) => record.topic === topic);
      await writeRecords(platform.brokers, topic, mine);
    }
    await platform.caughtUp();
    expect(await customer.stock('TEN-1')).toMatchObject({ onHand: 9, reserved: 0 });
    expect(await customer.order(placed.id)).toMatchObject({ status: 'SHIPPED', version: 3 });
    // Nobody announced anything a second time.
    expect(await story(placed.id)).toHaveLength(before.length * 11);
  });

  it('of rubbish stops nobody: it goes to the dead letters with its headers', async () => {
    const { customer } = platform;
    await customer.setStock('RUBBISH-1', 6);
    const mark = randomUUID();
    const rubbish = Array.from({ length: 6 }, (_, partition) => ({
      key: 'rubbish',
      value: Buffer.from([0xff, 0x00, partition]),
      headers: { mark },
      partition,
    }));
    await writeRecords(platform.brokers, publishers.orders.topic, rubbish);
    const placed = await customer.placed([{ sku: 'RUBBISH-1', quantity: 1 }]);
    expect((await customer.ended(placed.id)).status).toBe('SHIPPED');

    for (const consumer of ['inventory', 'shipping'] as const) {
      const letters = await until(async () => {
        const all = await readTopics(platform.brokers, [deadLetterTopic(publishers.orders.topic, consumer)]);
        const mine = all.filter((record) => header(record, 'mark') === mark);
        return mine.length === 6 ? mine : undefined;
      });
      const [letter] = letters.filter((record) => header(record, 'waybill_dlt_partition') === '5');
      expect(letter?.value).toEqual(Buffer.from([0xff, 0x00, 5]));
      expect(header(letter as KafkaRecord, 'waybill_dlt_topic')).toBe('waybill.orders');
      expect(header(letter as KafkaRecord, 'waybill_dlt_reason')).toContain('ce_id is missing');
    }
  });
});

describe('the trace', () => {
  it('of an order is one, from the request to the last event, with no orphan', async () => {
    const { customer } = platform;
    await customer.setStock('TRACE-1', 5);
    const response = await customer.place([{ sku: 'TRACE-1', quantity: 1 }]);
    const traceId = response.headers.get('traceresponse')?.split('-')[1] ?? '';
    const { id } = (await response.json()) as { id: string };
    await customer.ended(id);

    const processed = (topic: string) => `process ${topic}`;
    const spans = await until(() => {
      const all = sink.spansOf(traceId);
      const names = all.map(({ service, name }) => `${service}: ${name}`);
      const expected = [
        'orders: POST /orders',
        'orders: send waybill.orders',
        `inventory: ${processed('waybill.orders')}`,
        'inventory: send waybill.inventory',
        `orders: ${processed('waybill.inventory')}`,
        `shipping: ${processed('waybill.orders')}`,
        'shipping: send waybill.shipping',
        'carrier: POST /labels',
        `orders: ${processed('waybill.shipping')}`,
        `inventory: ${processed('waybill.shipping')}`,
      ];
      return expected.every((name) => names.includes(name)) ? all : undefined;
    }, { timeoutMs: 30_000, what: `the whole of trace ${traceId}` });

    const roots = spans.filter(({ parentSpanId }) => parentSpanId === undefined);
    expect(roots.map(({ name }) => name)).toEqual(['POST /orders']);
    // Exporters deliver in their own time: an orphan is one whose parent, or whose link's other end, never comes.
    const whole = await until(
      () => {
        const all = sink.spansOf(traceId);
        const known = new Set(all.map(({ spanId }) => spanId));
        const isKnown = (span: SinkSpan) =>
          (span.parentSpanId === undefined || known.has(span.parentSpanId)) &&
          span.links.every(({ spanId }) => known.has(spanId));
        return all.every(isKnown) ? all : undefined;
      },
      { what: 'the parent and the links of every span' },
    );
    for (const span of whole.filter(({ name }) => name.startsWith('process '))) {
      expect(span.links).toHaveLength(1);
    }
  });
});

describe('the doors of operators', () => {
  it.each(['orders', 'inventory', 'shipping', 'carrier'] as const)('of %s are open', async (service) => {
    const url = platform.customer.urls[service];
    for (const path of ['/health/live', '/health/ready', '/health/startup', '/metrics', '/docs']) {
      expect(`${path} ${(await fetch(url + path)).status}`).toBe(`${path} 200`);
    }
    const openApi = (await (await fetch(`${url}/openapi.json`)).json()) as { openapi: string };
    expect(openApi.openapi).toMatch(/^3\.1\./);
  });
});
