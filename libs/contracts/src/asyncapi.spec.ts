import { Parser } from '@asyncapi/parser';
import { describe, expect, it } from 'vitest';
import { asyncApi } from './asyncapi.js';
import { toHeaders } from './cloud-events.js';
import { services } from './topics.js';

// Of the parser's diagnostics; what lies above is advice, such as a licence for the document.
const ERROR = 0;
const WARNING = 1;

describe('the AsyncAPI document', () => {
  it.each([['the platform', undefined], ...services.map((service) => [service, service] as const)] as const)(
    'of %s is accepted by the official parser',
    async (_, service) => {
      const { document, diagnostics } = await new Parser().parse(JSON.stringify(asyncApi(service)));
      expect(diagnostics.filter(({ severity }) => Number(severity) <= WARNING)).toEqual([]);
      expect(document?.version()).toBe('3.0.0');
    },
    30_000,
  );

  it('is refused by the official parser when it is wrong', async () => {
    const { channels: _, ...rest } = asyncApi('orders');
    const broken = { ...rest, channels: { orders: { address: 7 } } };
    const { diagnostics } = await new Parser().parse(JSON.stringify(broken));
    expect(diagnostics.filter(({ severity }) => Number(severity) === ERROR)).not.toEqual([]);
  }, 30_000);

  it('has a channel a topic, with its partitions, and what each service publishes and reads there', () => {
    const { channels, operations } = asyncApi();
    expect(Object.values(channels).map(({ address, bindings }) => `${address} ${bindings.kafka.partitions}`)).toEqual([
      'waybill.orders 6',
      'waybill.inventory 6',
      'waybill.shipping 6',
    ]);
    expect(Object.keys(operations)).toEqual([
      'orders.publishes',
      'orders.reads.inventory',
      'orders.reads.shipping',
      'inventory.publishes',
      'inventory.reads.orders',
      'inventory.reads.shipping',
      'shipping.publishes',
      'shipping.reads.orders',
    ]);
  });

  it('of a service says what that one publishes and reads: the emitted version, and every version that it understands', () => {
    const { operations, components } = asyncApi('shipping');
    const names = (operation: string): string[] =>
      operations[operation]?.messages.map(({ $ref }) => $ref.replace(/^.*\/messages\//, '')) ?? [];
    expect(names('shipping.publishes')).toContain('waybill.shipment.dispatched.v1');
    expect(names('shipping.publishes')).not.toContain('waybill.shipment.dispatched.v2');
    expect(names('shipping.reads.orders')).toEqual(['waybill.order.confirmed.v1', 'waybill.order.cancellation-requested.v1']);
    expect(Object.keys(components.messages)).not.toContain('waybill.stock.reserved.v1');
    expect(asyncApi('orders').operations['orders.reads.shipping']?.messages.map(({ $ref }) => $ref)).toEqual(
      ['dispatched.v1', 'dispatched.v2', 'failed.v1', 'cancelled.v1'].map(
        (name) => `#/channels/shipping/messages/waybill.shipment.${name}`,
      ),
    );
  });

  it('names every header that is written, and demands those that are always there', () => {
    const { properties, required } = asyncApi().components.schemas['CloudEventsHeaders'] as {
      properties: Record<string, unknown>;
      required: string[];
    };
    const always = { id: 'i', source: 's', type: 't', subject: 'a', time: 'now', version: 1, partitionKey: 'k', correlationId: 'c' };
    const sometimes = { causationId: 'c', deadline: 'd', flags: 'f', traceparent: 't', tracestate: 't', baggage: 'b' };
    expect(Object.keys(properties).toSorted()).toEqual(Object.keys(toHeaders({ ...always, ...sometimes })).toSorted());
    expect(required.toSorted()).toEqual(Object.keys(toHeaders(always)).toSorted());
  });
});
