import { consumers, services } from '@waybill/contracts';
import { until } from '@waybill/testing';
import { Kafka, logLevel } from 'kafkajs';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { Platform } from '../platform.js';

let platform: Platform;

beforeAll(async () => {
  platform = await Platform.start({ env: { WAYBILL_KAFKA_DRIVER: 'platformatic' } });
});

afterAll(async () => {
  await platform.stop();
});

describe('on the second Kafka driver', () => {
  it('an order is shipped, and it is that driver which carries it', async () => {
    const { customer } = platform;
    await customer.setStock('DRIVER-1', 5);
    const placed = await customer.placed([{ sku: 'DRIVER-1', quantity: 2 }]);
    expect(await customer.ended(placed.id)).toMatchObject({ status: 'SHIPPED' });
    await until(async () => (await customer.stock('DRIVER-1')).onHand === 3);
    const groups = services.filter((service) => consumers[service].length > 0).map((service) => `waybill-${service}`);
    expect(await protocolsOf(groups)).toEqual(groups.map(() => 'waybill-platformatic'));
  });
});

/** How the members of each group have agreed to share partitions: it tells their driver. */
async function protocolsOf(groups: string[]): Promise<string[]> {
  const kafka = new Kafka({ clientId: 'e2e', brokers: platform.brokers.split(','), logLevel: logLevel.NOTHING });
  const admin = kafka.admin();
  await admin.connect();
  try {
    return (await admin.describeGroups(groups)).groups.map(({ protocol }) => protocol);
  } finally {
    await admin.disconnect();
  }
}
