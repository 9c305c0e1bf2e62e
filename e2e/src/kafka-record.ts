import { type IHeaders, Kafka, logLevel } from 'kafkajs';

export interface KafkaRecord {
  readonly topic: string;
  readonly partition: number;
  readonly offset: string;
  /** Milliseconds since 1970, by the broker. */
  readonly timestamp: string;
  readonly key: string;
  readonly value: Buffer | null;
  readonly headers: IHeaders;
}

const quiet = (brokers: string) =>
  new Kafka({ clientId: 'e2e', brokers: brokers.split(','), logLevel: logLevel.NOTHING, retry: { retries: 10 } });

/** Everything that stands in the topics now. */
export async function readTopics(brokers: string, topics: readonly string[]): Promise<KafkaRecord[]> {
  const kafka = quiet(brokers);
  const admin = kafka.admin();
  await admin.connect();
  const open = new Map<string, bigint>();
  for (const topic of topics) {
    for (const { partition, low, high } of await admin.fetchTopicOffsets(topic)) {
      if (BigInt(high) > BigInt(low)) {
        open.set(`${topic}/${partition}`, BigInt(high) - 1n);
      }
    }
  }
  const records: KafkaRecord[] = [];
  if (open.size > 0) {
    const groupId = `e2e-${process.pid}-${Math.random().toString(36).slice(2)}`;
    const consumer = kafka.consumer({ groupId, maxWaitTimeInMs: 100 });
    await consumer.connect();
    await consumer.subscribe({ topics: [...topics], fromBeginning: true });
    await new Promise<void>((resolve, reject) => {
      consumer
        .run({
          autoCommit: false,
          eachMessage: ({ topic, partition, message }) => {
            const { offset, timestamp, value, key, headers = {} } = message;
            records.push({ topic, partition, offset, timestamp, key: key?.toString() ?? '', value, headers });
            const last = open.get(`${topic}/${partition}`);
            if (last !== undefined && BigInt(offset) >= last) {
              open.delete(`${topic}/${partition}`);
              if (open.size === 0) {
                resolve();
              }
            }
            return Promise.resolve();
          },
        })
        .catch(reject);
    });
    await consumer.disconnect();
    await admin.deleteGroups([groupId]).catch(() => undefined);
  }
  await admin.disconnect();
  return records;
}

/** Writes records to Kafka past the outbox, as a stranger or a broken producer would; answers where they stand. */
export async function writeRecords(
  brokers: string,
  topic: string,
  records: readonly { key: string; value: Buffer | string | null; headers?: IHeaders; partition?: number }[],
): Promise<{ topic: string; partition: number; offset: number }[]> {
  const producer = quiet(brokers).producer();
  await producer.connect();
  const places: { topic: string; partition: number; offset: number }[] = [];
  // One at a time: a broker answers with the place of the first record of a batch alone.
  for (const { key, value, headers, partition } of records) {
    const message = { key, value, ...(headers && { headers }), ...(partition !== undefined && { partition }) };
    for (const { partition, baseOffset } of await producer.send({ topic, messages: [message] })) {
      places.push({ topic, partition, offset: Number(baseOffset) });
    }
  }
  await producer.disconnect();
  return places;
}

export function header(record: KafkaRecord, name: string): string | undefined {
  const value = record.headers[name];
  return Array.isArray(value) ? undefined : value?.toString();
}
