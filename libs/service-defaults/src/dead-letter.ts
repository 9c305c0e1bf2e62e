import { deadLetterTopic, type Service } from '@waybill/contracts';
import type { ConsumedRecord, EventProducer } from '@waybill/kafka';

/** Header values are bounded, so that a dead letter can always be written. */
const PROBLEM_MAX = 1_000;

/**
 * Copies a record that is no event to `<topic>.<consumer>.dlt`, with all its own headers and bytes, and where it stood.
 *
 * Resolves when the broker has acknowledged the copy; only then may the offset be committed.
 */
export async function publishDeadLetter(
  producer: EventProducer,
  consumer: Service,
  record: ConsumedRecord,
  problem: string,
): Promise<void> {
  await producer.publish([
    {
      topic: deadLetterTopic(record.topic, consumer),
      key: record.key ?? null,
      value: record.value,
      headers: {
        ...record.rawHeaders,
        'waybill-dlt-topic': record.topic,
        'waybill-dlt-partition': String(record.partition),
        'waybill-dlt-offset': record.offset,
        'waybill-dlt-timestamp': record.timestamp,
        'waybill-dlt-consumer': consumer,
        'waybill-dlt-error': problem.slice(0, PROBLEM_MAX),
      },
    },
  ]);
}
