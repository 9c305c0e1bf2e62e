import { consumers, publishers, services } from '@waybill/contracts';
import type { Admin } from 'kafkajs';
import { withKafkaAdmin } from './kafka-admin.js';

export interface ConsumerLag {
  readonly group: string;
  readonly topic: string;
  /** Records in the topic that the group has not finished. */
  readonly lag: number;
}

/** How far every service is behind in every topic that it reads. */
export async function readConsumerLag(brokers: string): Promise<ConsumerLag[]> {
  return withKafkaAdmin(brokers, async (admin) => {
    const lags: ConsumerLag[] = [];
    for (const service of services) {
      const topics = consumers[service].map((publisher) => publishers[publisher].topic);
      lags.push(...(await lagOf(admin, `waybill-${service}`, topics)));
    }
    return lags;
  });
}

async function lagOf(admin: Admin, group: string, topics: string[]): Promise<ConsumerLag[]> {
  const committed = await admin.fetchOffsets({ groupId: group, topics });
  return Promise.all(
    committed.map(async ({ topic, partitions }) => {
      const finished = new Map(partitions.map(({ partition, offset }) => [partition, BigInt(offset)]));
      const ends = await admin.fetchTopicOffsets(topic);
      const lag = ends.reduce((sum, { partition, low, high }) => {
        // -1: the group has not committed anything here, and will begin at the first record.
        const offset = finished.get(partition) ?? -1n;
        return sum + (BigInt(high) - (offset < 0n ? BigInt(low) : offset));
      }, 0n);
      return { group, topic, lag: Number(lag) };
    }),
  );
}
