import { setTimeout as sleep } from 'node:timers/promises';
import { consumers, partitionOf, publishers, type Service, services } from '@waybill/contracts';
import type { Admin } from 'kafkajs';
import { withKafkaAdmin } from './kafka-admin.js';

/** Partitions in which a service has not yet read what stood there when it was asked about. */
export interface Unread {
  /** True if anything about this order may still have to be read by somebody. */
  has(orderId: string): boolean;
}

const POLL_INTERVAL_MS = 200;

/**
 * Waits until every service has read what stands in its topics now, at most so long, and tells where it has not.
 *
 * What is published meanwhile does not count: a busy platform is never done reading, but it is done with what was there.
 */
export async function readToHere(brokers: string, timeoutMs: number): Promise<Unread> {
  return withKafkaAdmin(brokers, async (admin) => {
    const ends = await endsOfTopics(admin);
    const deadline = performance.now() + timeoutMs;
    for (;;) {
      const unread = new Set<string>();
      for (const reader of services) {
        for (const place of await unreadBy(admin, reader, ends)) {
          unread.add(place);
        }
      }
      if (unread.size === 0 || performance.now() >= deadline) {
        return { has: (orderId) => topics.some((topic) => unread.has(placeOf(topic, partitionOf(topic, orderId)))) };
      }
      await sleep(POLL_INTERVAL_MS);
    }
  });
}

const topics = services.map((service) => publishers[service].topic);

function placeOf(topic: string, partition: number): string {
  return `${topic}/${partition}`;
}

async function endsOfTopics(admin: Admin): Promise<Map<string, bigint>> {
  const ends = new Map<string, bigint>();
  for (const topic of topics) {
    for (const { partition, low, high } of await admin.fetchTopicOffsets(topic)) {
      // Nothing stands in an empty partition, and nobody may ever have committed an offset there.
      if (BigInt(high) > BigInt(low)) {
        ends.set(placeOf(topic, partition), BigInt(high));
      }
    }
  }
  return ends;
}

async function unreadBy(admin: Admin, reader: Service, ends: ReadonlyMap<string, bigint>): Promise<string[]> {
  const read = consumers[reader].map((publisher) => publishers[publisher].topic);
  const committed = await admin.fetchOffsets({ groupId: `waybill-${reader}`, topics: read });
  return committed.flatMap(({ topic, partitions }) =>
    partitions
      .map(({ partition, offset }) => ({ place: placeOf(topic, partition), offset: BigInt(offset) }))
      .filter(({ place, offset }) => offset < (ends.get(place) ?? -1n))
      .map(({ place }) => place),
  );
}
