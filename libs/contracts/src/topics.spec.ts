import { describe, expect, it } from 'vitest';
import { eventSchemas } from './events.js';
import { declaredTopics, publishers, services } from './topics.js';

describe('topics', () => {
  it('has one publisher for every event', () => {
    const published = services.flatMap((service) => publishers[service].types);
    expect(published.toSorted()).toEqual(Object.keys(eventSchemas).toSorted());
  });

  it('declares a topic a service and a dead-letter topic a subscription', () => {
    expect(declaredTopics().map(({ topic, partitions }) => `${topic} ${partitions}`)).toEqual([
      'waybill.orders 6',
      'waybill.inventory 6',
      'waybill.shipping 6',
      'waybill.inventory.orders.dlt 1',
      'waybill.shipping.orders.dlt 1',
      'waybill.orders.inventory.dlt 1',
      'waybill.shipping.inventory.dlt 1',
      'waybill.orders.shipping.dlt 1',
    ]);
  });

  it('lets the broker date every record', () => {
    expect(new Set(declaredTopics().map(({ config }) => config['message.timestamp.type']))).toEqual(
      new Set(['LogAppendTime']),
    );
  });
});
