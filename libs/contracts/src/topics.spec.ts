import { describe, expect, it } from 'vitest';
import { eventSchemas, type EventType } from './events.js';
import { consumers, declaredTopics, handledTypes, publishers, services } from './topics.js';
import { isEmitted, readAs, versionOf } from './versions.js';

describe('topics', () => {
  it('has one publisher for every event, in the version that is emitted', () => {
    const published = services.flatMap((service) => publishers[service].types);
    expect(published.toSorted()).toEqual((Object.keys(eventSchemas) as EventType[]).filter(isEmitted).toSorted());
  });

  it('lets nobody emit a version that a consumer of the event does not read yet', () => {
    const behind = services.flatMap((consumer) =>
      services
        .flatMap((publisher) => publishers[publisher].types)
        .filter((type) => handledTypes[consumer].some((handled) => versionOf(handled)?.name === versionOf(type)?.name))
        .filter((type) => readAs(type, (version) => handledTypes[consumer].includes(version)) === undefined)
        .map((type) => `${consumer} does not read ${type}`),
    );
    expect(behind).toEqual([]);
  });

  it('has each service read the topics of what it handles, and no others', () => {
    for (const consumer of services) {
      const publisherOf = (type: EventType) =>
        services.find((service) => publishers[service].types.some((own) => versionOf(own)?.name === versionOf(type)?.name));
      expect(new Set(handledTypes[consumer].map(publisherOf))).toEqual(new Set(consumers[consumer]));
    }
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
