import { randomBytes } from 'node:crypto';
import { Kafka, logLevel } from 'kafkajs';

/** Creates a topic that only this test uses. */
export async function createTestTopic(brokers: string, name: string, partitions = 1): Promise<string> {
  const topic = `${name}-${randomBytes(4).toString('hex')}`;
  const admin = new Kafka({ clientId: 'testing', brokers: brokers.split(','), logLevel: logLevel.NOTHING }).admin();
  await admin.connect();
  try {
    await admin.createTopics({ waitForLeaders: true, topics: [{ topic, numPartitions: partitions }] });
  } finally {
    await admin.disconnect();
  }
  return topic;
}
