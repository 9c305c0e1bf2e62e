import { setTimeout as sleep } from 'node:timers/promises';
import { IdempotentConsumer } from '@waybill/inbox';
import type { ConsumedRecord } from '@waybill/kafka';
import { replaceConsumers } from '../second-consumer.js';
import { swap } from '../swap.js';

interface ConsumerInside {
  together(deliveries: readonly unknown[]): Promise<void>;
  alone(delivery: unknown): Promise<void>;
}

const DELAY_MS = 5_000;

/*
 * What fails goes to a retry topic, and the partition goes on.
 *
 * It looks right because nobody waits: the poor event has its delay, the good ones behind it are handled now. But the
 * good ones behind it are, some of them, its own successors. "Cancelled" is handled while "placed" waits for its retry.
 *
 * Who: Spring Kafka's documentation of @RetryableTopic says it plainly: non-blocking retries lose the order.
 */
export function install(): void {
  // No parking: what fails is thrown, and goes to the topic.
  swap<ConsumerInside>(IdempotentConsumer, {
    alone(delivery) {
      return this.together([delivery]);
    },
  });

  replaceConsumers((own, client) => {
    const topic = `${own.group}.retry`;
    const producer = client.producer();
    const tryOrSendOn = async (record: ConsumedRecord) => {
      try {
        await own.handle([record]);
      } catch {
        const { value, rawHeaders: headers } = record;
        await producer.publish([{ topic, key: record.key ?? null, value, headers }]);
      }
    };
    const handle = async (records: readonly ConsumedRecord[]) => {
      for (const record of records) {
        await tryOrSendOn(record);
      }
    };
    const handleLater = async (records: readonly ConsumedRecord[]) => {
      for (const record of records) {
        await sleep(Math.max(0, Number(record.timestamp) + DELAY_MS - Date.now()));
        await tryOrSendOn(record);
      }
    };
    return {
      own: { ...own, handle },
      second: { ...own, group: `${own.group}-retry`, topics: [topic], handle: handleLater },
      prepare: async () => {
        await client.ensureTopics([{ topic, partitions: 1, config: { 'message.timestamp.type': 'LogAppendTime' } }]);
      },
    };
  });
}
