import { randomBytes } from 'node:crypto';
import { Kafka, logLevel } from 'kafkajs';

/** One record as it stands in Kafka. */
export interface TailedRecord {
  readonly topic: string;
  readonly partition: number;
  readonly offset: string;
  readonly key: string;
  readonly type: string;
  readonly value: string;
  /** Milliseconds since 1970, by the broker's clock. */
  readonly timestampMs: number;
}

export interface TopicTail {
  stop(): Promise<void>;
}

/**
 * Shows every record that comes after now, from all partitions of the topics; resolves when none can be missed any more.
 *
 * Uses a consumer group of its own that is deleted at the end, so that it takes nothing from the services.
 */
export async function tailTopics(
  brokers: string,
  topics: readonly string[],
  see: (record: TailedRecord) => void,
): Promise<TopicTail> {
  const kafka = new Kafka({ clientId: 'waybill-tail', brokers: brokers.split(','), logLevel: logLevel.NOTHING });
  const group = `waybill-tail-${randomBytes(6).toString('hex')}`;
  const admin = kafka.admin();
  await admin.connect();
  const consumer = kafka.consumer({ groupId: group, maxWaitTimeInMs: 100, allowAutoTopicCreation: false });
  const ends = await Promise.all(
    topics.map(async (topic) => ({ topic, partitions: await admin.fetchTopicOffsets(topic) })),
  );
  await consumer.connect();
  await consumer.subscribe({ topics: [...topics] });
  const joined = new Promise<void>((resolve) => {
    consumer.on(consumer.events.GROUP_JOIN, () => resolve());
  });
  await consumer.run({
    autoCommit: false,
    eachMessage: ({ topic, partition, message }) => {
      see({
        topic,
        partition,
        offset: message.offset,
        key: message.key?.toString() ?? '',
        type: message.headers?.['ce_type']?.toString() ?? '',
        value: message.value?.toString() ?? '',
        timestampMs: Number(message.timestamp),
      });
      return Promise.resolve();
    },
  });
  for (const { topic, partitions } of ends) {
    for (const { partition, offset } of partitions) {
      consumer.seek({ topic, partition, offset });
    }
  }
  await joined;
  return {
    stop: async () => {
      await consumer.disconnect();
      await admin.deleteGroups([group]).catch(() => undefined);
      await admin.disconnect();
    },
  };
}
